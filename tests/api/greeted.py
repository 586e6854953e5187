"""A document for every root field of programmes and greetings; what they name is nobody's."""

from api.ids import encode

PAIR, VISIT, FOLLOW_UP, PROGRAMME = (encode(kind, 1) for kind in ("partnership", "visit", "follow_up", "programme"))
DRAFT = (
    '{ code: "LB9", nameZh: "老伙伴", service: "greeting", fromDay: "2026-03-02", toDay: "2027-03-01", '
    'quotas: [{ subdistrict: "310107004", seniors: 3 }] }'
)
OF_ORGANISATIONS = {
    "query programmes": "{ programmes(first: 1) { edges { node { id quotas { taken } seasons { cause } } } } }",
    "query careMonth": "{ careMonth { total { held } streets { held } } }",
    "query visitRates": "{ visitRates { seniors reached } }",
    "query seniorsToReach": "{ seniorsToReach(first: 1) { edges { node { seniorRef name } } } }",
    "query followUps": "{ followUps(first: 1) { edges { node { id } } } }",
    "query feedbackDifferences": "{ feedbackDifferences(first: 1) { edges { node { words } } } }",
    "mutation createProgramme": f'mutation {{ createProgramme(idempotencyKey: "m", input: {DRAFT}) {{ __typename }} }}',
    "mutation enrolSenior": f'mutation {{ enrolSenior(programme: "{PROGRAMME}", seniorRef: "S1") {{ __typename }} }}',
    "mutation pausePartnership": f'mutation {{ pausePartnership(id: "{PAIR}", until: "2026-03-12", reason: "外出") '
    "{ __typename } }",
    "mutation endPartnership": f'mutation {{ endPartnership(id: "{PAIR}", reason: "搬家") {{ __typename }} }}',
    "mutation recordGreeting": f'mutation {{ recordGreeting(visit: "{VISIT}", met: true) {{ __typename }} }}',
    "mutation closeFollowUp": f'mutation {{ closeFollowUp(id: "{FOLLOW_UP}", outcome: "well") {{ __typename }} }}',
}
OF_BOTH = {
    "query partnerships": "{ partnerships(first: 1) { edges { node { id } } } }",
    "mutation answerPartnership": f'mutation {{ answerPartnership(id: "{PAIR}", yes: true) {{ __typename }} }}',
    "mutation giveFeedback": f'mutation {{ giveFeedback(visit: "{VISIT}", happened: true) {{ __typename }} }}',
}
