"""HTTP for channels, in one place: time-outs, bounds, no retries, and every failure as one of the contract's errors.

    http = Http("https://api.example.org/v1", secrets=[token])
    answer = http.post("/articles", {"title": "架豆丰收"}, headers={"Authorization": f"Bearer {token}"})
    answer.json()["id"]

Made once per channel and shared by its threads. Waiting and trying again belong to the engine. Making it is quick, its
first call is not: a channel that calls while it releases has `http.warm()` in its own `warm`.

    what happens                                          becomes
    name unknown, connection refused or timed out         Unavailable(sent=False)
    408, 425, 429, and 503 with Retry-After               Unavailable(retry_after, sent=False)
    any other 5xx                                         Unavailable(sent=True)
    no answer in time, broken off, cut short, too long    Unavailable(sent=True)
    401, 403                                              Refused(code), about credentials
    3xx and any other 4xx                                 Refused(code)

`sent=True` is said only of calls with an effect: a question (GET, HEAD, or `safe=True`) has none, so it is
simply asked again. An adapter that has done another deed earlier in the same step has to judge that itself.
"""

from channels.http.answer import Answer, Upload
from channels.http.client import EXCERPT, MOST_REDIRECTS, SAFE, Http
from channels.http.trouble import LONGEST_WAIT, NOT_NOW

__all__ = ["EXCERPT", "LONGEST_WAIT", "MOST_REDIRECTS", "NOT_NOW", "SAFE", "Answer", "Http", "Upload"]
