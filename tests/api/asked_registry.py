"""A document for every root field of the registry and of the care team; an organisation reaches each of them."""

from api.ids import encode

REGISTRY = {
    "query registryTable": "{ registryTable { category seniors } }",
    "query focusList": "{ focusList(first: 1) { edges { node { seniorRef } } } }",
    "query surveyRounds": "{ surveyRounds(first: 1) { edges { node { code } } } }",
    "query surveyProgress": '{ surveyProgress(round: "SERVED") { committee } }',
    "query surveyDue": '{ surveyDue(round: "SERVED", first: 1) { edges { node { seniorRef } } } }',
    "query duplicates": "{ duplicates(first: 1) { edges { node { keptRef } } } }",
    "mutation openCategory": 'mutation { openCategory(seniorRef: "S1", category: "childless", fromDay: "2026-03-02", '
    'proof: "p", source: "office") { __typename } }',
    "mutation closeCategory": 'mutation { closeCategory(seniorRef: "S1", category: "childless", toDay: "2026-03-02") '
    "{ __typename } }",
    "mutation recordSurvey": 'mutation { recordSurvey(round: "SERVED", seniorRef: "S1", day: "2026-03-02", '
    'manner: "door", outcome: "reached") { __typename } }',
    "mutation mergePeople": f'mutation {{ mergePeople(keptId: "{encode("person", 1)}", '
    f'mergedId: "{encode("person", 2)}", reason: "r") {{ __typename }} }}',
    "mutation recordDeath": 'mutation { recordDeath(seniorRef: "S1", diedOn: "2026-03-02", reason: "r", book: "test", '
    'idempotencyKey: "d") { __typename } }',
    "mutation recordMoveAway": 'mutation { recordMoveAway(seniorRef: "S1", movedOn: "2026-03-02", reason: "r") '
    "{ __typename } }",
    "mutation undoRegistryAct": f'mutation {{ undoRegistryAct(id: "{encode("registry_act", 1)}", book: "test") '
    "{ __typename } }",
}
CARE = {
    "query careTeam": "{ careTeam(first: 1) { edges { node { ref } } } }",
    "query careCoverage": "{ careCoverage { subdistrict } }",
    "query seniorsWithoutContact": "{ seniorsWithoutContact(first: 1) { edges { node { seniorRef } } } }",
    "query lapsedContacts": "{ lapsedContacts(first: 1) { edges { node { seniorRef } } } }",
    "mutation assignContact": 'mutation { assignContact(seniorRef: "S1", memberRef: "C1", fromDay: "2026-03-02") '
    "{ __typename } }",
    "mutation recordTraining": 'mutation { recordTraining(memberRef: "C1", training: "survey", '
    'trainedOn: "2026-03-01") { __typename } }',
    "mutation giveAdvice": 'mutation { giveAdvice(memberRef: "C1", point: "P1", day: "2026-03-01", topic: "policy", '
    'idempotencyKey: "m") { __typename } }',
}
