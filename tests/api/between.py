"""A document for every root field between organisations; what they name stands in the served district."""

from api.ids import encode

OFFER, ANSWER, NEED, TAKING = encode("offer", 1), encode("offer", 2), encode("resource_need", 1), encode("taking", 1)
CONSENT, REFERRAL, PRACTICE = encode("consent", 1), encode("referral", 1), encode("practice", 1)
BETWEEN = {
    "query resourceOffers": "{ resourceOffers(first: 1) { edges { node { id } } } }",
    "query resourceNeeds": "{ resourceNeeds(first: 1) { edges { node { id } } } }",
    "query referrals": "{ referrals(first: 1) { edges { node { id } } } }",
    "query lateReferrals": "{ lateReferrals { id } }",
    "query goodPractices": "{ goodPractices(first: 1) { edges { node { id } } } }",
    "query submittedPractices": "{ submittedPractices(first: 1) { edges { node { id } } } }",
    "mutation offerResource": 'mutation { offerResource(idempotencyKey: "m", input: { what: "床", unit: "张", '
    'quantity: 1, fromDay: "2026-03-02", toDay: "2026-04-01" }) { __typename } }',
    "mutation takeResource": f'mutation {{ takeResource(id: "{OFFER}", quantity: 1, idempotencyKey: "m") '
    "{ __typename } }",
    "mutation returnResource": f'mutation {{ returnResource(id: "{TAKING}") {{ __typename }} }}',
    "mutation withdrawResource": f'mutation {{ withdrawResource(id: "{OFFER}") {{ __typename }} }}',
    "mutation stateResourceNeed": 'mutation { stateResourceNeed(idempotencyKey: "m", input: { what: "床", unit: "张", '
    'quantity: 1, toDay: "2026-04-01", area: "310107004" }) { __typename } }',
    "mutation chooseAnswer": f'mutation {{ chooseAnswer(id: "{NEED}", offer: "{ANSWER}", quantity: 1, '
    'idempotencyKey: "m") { __typename } }',
    "mutation closeResourceNeed": f'mutation {{ closeResourceNeed(id: "{NEED}", words: "好") {{ __typename }} }}',
    "mutation recordConsent": 'mutation { recordConsent(idempotencyKey: "m", input: { seniorRef: "S2", '
    'receiver: "WEST", fields: ["name"], purpose: "助浴", untilDay: "2026-04-01" }) { __typename } }',
    "mutation sendReferral": f'mutation {{ sendReferral(consent: "{CONSENT}", reason: "助浴", idempotencyKey: "m") '
    "{ __typename } }",
    "mutation acceptReferral": f'mutation {{ acceptReferral(id: "{REFERRAL}") {{ __typename }} }}',
    "mutation declineReferral": f'mutation {{ declineReferral(id: "{REFERRAL}", reason: "no_capacity") '
    "{ __typename } }",
    "mutation beginReferral": f'mutation {{ beginReferral(id: "{REFERRAL}") {{ __typename }} }}',
    "mutation closeReferral": f'mutation {{ closeReferral(id: "{REFERRAL}", outcome: "helped", feedback: "好") '
    "{ __typename } }",
    "mutation withdrawReferral": f'mutation {{ withdrawReferral(id: "{REFERRAL}", words: "误") {{ __typename }} }}',
    "mutation readSenior": f'mutation {{ readSenior(id: "{REFERRAL}") {{ __typename }} }}',
    "mutation submitPractice": 'mutation { submitPractice(idempotencyKey: "m", input: { titleZh: "做法", done: "做", '
    'figures: [{ query: "visits_confirmed", fromDay: "2026-02-01", toDay: "2026-03-01" }] }) { __typename } }',
}
"""Reached by every organisation; what it may do there is said in types, not in errors."""
MY_CONSENTS = {
    "query myConsents": "{ myConsents(first: 1) { edges { node { id } } } }",
    "query myCalendar": "{ myCalendar { issuedAt } }",
    "mutation renewMyCalendar": 'mutation { renewMyCalendar(idempotencyKey: "m") { __typename } }',
    "mutation revokeMyCalendar": "mutation { revokeMyCalendar { wasLive } }",
}
"""Reached by persons; a senior who is no volunteer has no calendar to renew."""
REVOKE = {
    "mutation revokeConsent": f'mutation {{ revokeConsent(id: "{CONSENT}") {{ __typename }} }}',
}
"""Reached by everyone; whose consent it is, is said in types."""
DECIDE = {
    "mutation decidePractice": f'mutation {{ decidePractice(id: "{PRACTICE}", version: 1, isApproved: true) '
    "{ __typename } }",
}
"""Reached by the bureau."""
