"""A reply that dawdles behind its commit, so that a test can kill the server in between."""

import time

HEADER = "X-Rig-Dawdle"


class Dawdle:
    """The outermost layer: the transaction is over when it waits."""

    def __init__(self, get_response) -> None:
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        time.sleep(float(request.headers.get(HEADER, "0")))
        return response
