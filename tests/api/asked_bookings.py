"""A document for every root field of bookings, and who reaches it; the request and the notice are EAST's."""

from api.ids import encode

PLACE, NOTICE = encode("place_request", 1), encode("desk_notice", 1)
NEW_PLACE = (
    'idempotencyKey: "matrix", input: { seniorRef: "S2", service: "bath", fromDay: "2026-03-09", toDay: "2026-03-10" }'
)
BOOKINGS = {
    "query placeRequests": "{ placeRequests(first: 1) { edges { node { id } } } }",
    "query placeRequest": f'{{ placeRequest(id: "{PLACE}") {{ id }} }}',
    "query freePlaces": '{ freePlaces(service: "bath", fromDay: "2026-03-02") { free } }',
    "query deskNotices": "{ deskNotices(first: 1) { edges { node { id } } } }",
    "mutation askPlace": f"mutation {{ askPlace({NEW_PLACE}) {{ __typename }} }}",
    "mutation cancelPlace": f'mutation {{ cancelPlace(id: "{PLACE}", reason: "r") {{ __typename }} }}',
    "mutation recordPlace": f'mutation {{ recordPlace(id: "{PLACE}", day: "2026-03-05", status: "used", minutes: 60) '
    "{ __typename } }",
    "mutation closeNotice": f'mutation {{ closeNotice(id: "{NOTICE}") {{ __typename }} }}',
}
OWN_BOOKING = {"query placeRequest"}
BOOKINGS_OF_ORGANISATIONS = set(BOOKINGS) - OWN_BOOKING
BOOKINGS_OF_PERSONS = {"query placeRequests"}
