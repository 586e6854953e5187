"""Answers: what an error may say outside. Everything unexpected is masked, and logged without any value."""

import logging
import secrets
import traceback
from typing import Any

from graphql import GraphQLError
from strawberry.types import ExecutionResult

from timebank.core.errors import PersonalDataUnreadable, Refusal, StoreUnavailable
from timebank.core.texts import Locale, say, say_refusal

LOG = logging.getLogger("timebank.api")
MOST_ERRORS = 5


class Answer:
    """An answer of GraphQL: data or errors, each error with a code."""

    def __init__(self, result: ExecutionResult, locale: Locale) -> None:
        self.request_id = secrets.token_hex(6)
        self.is_broken = False
        self.data = result.data
        self.errors = [self._shown(error, locale) for error in (result.errors or [])[:MOST_ERRORS]]

    def _shown(self, error: GraphQLError, locale: Locale) -> dict[str, Any]:
        """Write an error: a refusal in words, a fault of the document as it is, everything else masked."""
        cause = error.original_error
        where = {key: value for key, value in error.formatted.items() if key in ("locations", "path")}
        if isinstance(cause, Refusal):
            return fault(cause.code, say_refusal(cause, locale)) | where
        if isinstance(cause, StoreUnavailable):
            return fault("Busy", say("Busy", locale)) | where
        if cause is None or (isinstance(cause, GraphQLError) and cause.original_error is None):
            return fault("BadRequest", error.message) | where
        self.is_broken = True
        self._log(cause)
        masked = fault("InternalError", say("InternalError", locale, request_id=self.request_id))
        masked["extensions"]["requestId"] = self.request_id
        return masked | where

    def _log(self, cause: Exception) -> None:
        """Log kind and place of a fault; its words can hold personal data and are left out."""
        places = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(cause.__traceback__)[-6:]]
        kind = f"{cause.field}" if isinstance(cause, PersonalDataUnreadable) else ""
        LOG.error("request %s failed: %s %s at %s", self.request_id, type(cause).__name__, kind, " > ".join(places))

    def body(self) -> dict[str, Any]:
        """Return the answer as it is sent; a document that could not run has no data at all."""
        if not self.errors:
            return {"data": self.data}
        ran = any("path" in error for error in self.errors)
        return {"errors": self.errors} | ({"data": self.data} if ran else {})


def fault(code: str, message: str) -> dict[str, Any]:
    """Return one error of GraphQL with its code."""
    return {"message": message, "extensions": {"code": code}}
