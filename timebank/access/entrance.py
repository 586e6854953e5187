"""The entrance: one place that tells who comes, whatever token they show."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlmodel import Session, select

from timebank.access.grants import audience
from timebank.access.jwts import SIGNED_WITH, Said, check_times, check_words, look_into, public_key, text_of, verify
from timebank.access.keys import TOKEN_LIFE, good_key, jwk_of
from timebank.access.links import person_of_subject
from timebank.access.providers import Providers, Subject
from timebank.access.tables import ApiClient, ClientCredential
from timebank.access.uses import Uses
from timebank.core.database import reading, transaction
from timebank.people.tables import Organisation
from timebank.people.tokens import HEAD, Holder, TokenRefused, holder_by, token_of


class Entrance:
    """Tells who comes; made once for a process, for it keeps the keys of providers.

    Parameters
    ----------
    url
        The public address of the API, which is the issuer of its own tokens.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime], *, url: str, providers: Providers) -> None:
        self.engine, self.clock, self.url, self.providers = engine, clock, url, providers
        self.uses = Uses()

    def holder(self, token: str) -> Holder:
        """Return who shows a token.

        Raises
        ------
        TokenRefused
            When it is not good, with what is wrong.
        """
        now = self.clock()
        if token.startswith(f"{HEAD}_"):
            with reading(self.engine) as connection:
                row = token_of(connection, token, now=now)
            self.uses.note(row, now=now)
            return holder_by(row)
        said = look_into(token)
        if said.claims.get("iss") != self.url:
            subject = self.providers.subject(token, said, now=now)  # before any transaction: it may ask the provider
            with transaction(self.engine, read_only=True) as session:
                return _person(session, subject)
        with transaction(self.engine, read_only=True) as session:
            return self._client(session, token, said, now)

    def subject(self, token: str) -> Subject:
        """Return whom a token of a provider means, linked or not.

        Raises
        ------
        TokenRefused
            When it is no good token of a provider.
        """
        return self.providers.subject(token, look_into(token), now=self.clock())

    def _client(self, session: Session, token: str, said: Said, now: datetime) -> Holder:
        if said.header["alg"] != SIGNED_WITH or said.header.get("typ") != "at+jwt":
            raise TokenRefused(flaw="algorithm")
        key = good_key(session, said.key_id, now=now)
        claims = verify(token, public_key(jwk_of(key.key_id, key.public_key)), (SIGNED_WITH,))
        check_words(claims, issuer=self.url, audiences=(audience(self.url),))
        check_times(claims, now=now, leeway=timedelta(0), longest=TOKEN_LIFE)
        wanted = select(ApiClient, ClientCredential, Organisation).where(
            ApiClient.client_id == text_of(claims, "client_id"),
            ClientCredential.client_id == ApiClient.id,
            ClientCredential.id == claims.get("credential"),
            Organisation.id == ApiClient.organisation_id,
        )
        found = session.exec(wanted).first()
        if found is None:
            raise TokenRefused(flaw="revoked")
        client, credential, organisation = found
        if client.revoked_at is not None or credential.revoked_at is not None:
            raise TokenRefused(flaw="revoked")
        return Holder(
            name=f"client:{client.id}",
            organisation_id=client.organisation_id,
            organisation_kind=organisation.kind,
            person_id=None,
            scopes=frozenset(str(claims.get("scope", "")).split()) & frozenset(client.scopes.split()),
        )


def _person(session: Session, subject: Subject) -> Holder:
    person = person_of_subject(session, issuer=subject.issuer, subject=subject.subject)
    if person is None:
        raise TokenRefused(flaw="not_linked")
    return Holder(
        name=f"person:{person}",
        organisation_id=None,
        organisation_kind="",
        person_id=person,
        scopes=subject.scopes,
    )
