"""What a program sets up once for all of its calls: contexts, the base of a client, members of all components."""

from __future__ import annotations

import re

from taishang.generation.evidence.modules import Project
from taishang.generation.evidence.values import Evaluator

COMPONENT_MEMBERS = re.compile(r"\bVue\.prototype\.|\.config\.globalProperties\.")
COMPONENT_MEMBER = re.compile(r"(?:Vue\.prototype|[\w$.()]+\.config\.globalProperties)\.([\w$]+)")


def read_surroundings(project: Project, evaluator: Evaluator) -> None:
    """Tell `evaluator` of everything that holds for the program as a whole."""
    _read_contexts(project, evaluator)
    _read_default_bases(project, evaluator)
    _read_component_members(project, evaluator)


def _read_contexts(project: Project, evaluator: Evaluator) -> None:
    """What each context provides, so that `useContext` gives it back."""
    for module in project.modules.values():
        for node in module.find("jsx_opening_element", "jsx_self_closing_element"):
            tag = node.child_by_field_name("name")
            target = tag.child_by_field_name("object") if tag is not None else None
            if tag is None or target is None or not module.text_of(tag).endswith(".Provider"):
                continue
            for child in node.named_children:
                named = child.type == "jsx_attribute" and child.named_child_count > 1
                if named and module.text_of(child.named_children[0]) == "value":
                    context = evaluator.value(module, target)
                    evaluator.contexts.setdefault(context, (module, child.named_children[1]))


def _read_default_bases(project: Project, evaluator: Evaluator) -> None:
    """`axios.defaults.baseURL = …` holds for every call on that client."""
    for module in project.modules.values():
        if ".defaults.baseURL" not in module.text:
            continue
        for node in module.find("assignment_expression"):
            left = node.child_by_field_name("left")
            target = left.child_by_field_name("object") if left is not None else None
            client = target.child_by_field_name("object") if target is not None else None
            if (
                left is None
                or client is None
                or not module.text_of(left).endswith(".defaults.baseURL")
            ):
                continue
            base = evaluator.value(module, node.child_by_field_name("right"))
            evaluator.default_bases.setdefault(evaluator.value(module, client), base)


def _read_component_members(project: Project, evaluator: Evaluator) -> None:
    """`Vue.prototype.$http = axios`, `app.config.globalProperties.$http = axios`: `this.$http` of components."""
    for module in project.modules.values():
        if not COMPONENT_MEMBERS.search(module.text):
            continue
        for node in module.find("assignment_expression"):
            left, value = node.child_by_field_name("left"), node.child_by_field_name("right")
            found = COMPONENT_MEMBER.fullmatch(module.text_of(left)) if left is not None else None
            if found is not None and value is not None:
                evaluator.component_members.setdefault(found.group(1), (module, value))
