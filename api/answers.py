"""Answers: what an error may say outside. Everything unexpected is masked, and logged without any value."""

import logging
import secrets
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLError
from strawberry.types import ExecutionResult

from api.bucket import State
from timebank.core.errors import PersonalDataUnreadable, Refusal
from timebank.core.texts import Locale, say, say_refusal
from timebank.people.tokens import TokenRefused

LOG = logging.getLogger("timebank.api")
MOST_ERRORS = 5
LONGEST_MESSAGE = 500
Error = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A status of HTTP and the body.

    ``is_of_document`` tells that the request was well-formed and only its document was not: callers of the older media
    type then get 200, and read the errors in the body.
    """

    status: int
    body: Mapping[str, Any]
    is_of_document: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Voice:
    """How one request is answered: in its language, with its number in every error."""

    locale: Locale
    request_id: str = field(default_factory=lambda: secrets.token_hex(8))

    def error(self, code: str, message: str) -> Error:
        """Return one error of GraphQL."""
        return {"message": message[:LONGEST_MESSAGE], "extensions": {"code": code, "requestId": self.request_id}}

    def failed(self, status: int, code: str, key: str = "", /, **values: object) -> Answer:
        """Answer a request that is not run, with the text of ``key``, or of ``code`` itself."""
        values["request_id"] = self.request_id
        message = say(key or code, self.locale, **values)
        return Answer(status=status, body={"errors": [self.error(code, message)]})

    def throttled(self, state: State) -> Answer:
        """Answer a caller who has too little left, with when there will be enough."""
        seconds = state.headers()["retry-after"]
        message = say("THROTTLED", self.locale, requested=state.requested, available=state.available, seconds=seconds)
        return Answer(status=429, body={"errors": [self.error("THROTTLED", message)]}, is_of_document=True)

    def not_let_in(self, refusal: TokenRefused) -> Answer:
        """Answer who shows no token, or one that is not good, with what is wrong with it (RFC 6750)."""
        if refusal.flaw == "missing":
            return self.failed(401, "TokenMissing")
        flaw = say(f"flaw_{refusal.flaw}", "en")
        challenge = f'Bearer error="invalid_token", error_description="{flaw}"'
        return Answer(status=401, body={"errors": [self.refused(refusal)]}, headers={"www-authenticate": challenge})

    def refused(self, refusal: Refusal) -> Error:
        """Return the error of a refusal, in words."""
        return self.error(refusal.code, say_refusal(refusal, self.locale))

    def broken(self, cause: BaseException) -> Error:
        """Return the error of a fault of ours: it says nothing but its number, under which the log has its place."""
        self.log(cause)
        return self.error("InternalError", say("InternalError", self.locale, request_id=self.request_id))

    def log(self, cause: BaseException) -> None:
        """Log kind and place of a fault; its words can hold personal data and are left out."""
        places = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(cause.__traceback__)[-6:]]
        kind = type(cause).__name__ + (f" {cause.field}" if isinstance(cause, PersonalDataUnreadable) else "")
        LOG.error("request %s failed: %s at %s", self.request_id, kind, " > ".join(places))

    def told(self, result: ExecutionResult) -> Answer:
        """Answer what an operation came to; a document that could not run has no data at all."""
        if not result.errors:
            return Answer(status=200, body={"data": result.data})
        errors = [self._shown(error) for error in result.errors[:MOST_ERRORS]]
        if any(error.path for error in result.errors):
            return Answer(status=200, body={"errors": errors, "data": result.data})
        if any(_is_fault(error) for error in result.errors):
            return Answer(status=500, body={"errors": errors})
        return Answer(status=400, body={"errors": errors}, is_of_document=True)

    def _shown(self, error: GraphQLError) -> Error:
        """Write an error: a refusal in words, a fault of the document as it is, everything else masked."""
        cause = error.original_error
        if isinstance(cause, Refusal):
            shown = self.refused(cause)
        elif _is_fault(error):
            shown = self.broken(cause or error)
        else:
            shown = self.error("BadRequest", error.message)
        return shown | {key: value for key, value in error.formatted.items() if key in ("locations", "path")}


def _is_fault(error: GraphQLError) -> bool:
    """Tell whether an error is neither a refusal nor a fault of the document: then it is ours.

    What fails while fields are resolved has a path; what is wrong with a document or its variables has a place in it.
    """
    if isinstance(error.original_error, Refusal):
        return False
    is_of_document = isinstance(error.original_error, GraphQLError | None) or bool(error.nodes)
    return bool(error.path) or not is_of_document
