"""The demo shop in every demo workspace."""

from accounts import registry
from querygpt import demo


def declare() -> None:
    registry.demo_steps.add("querygpt", demo.seed_shop)
