"""A document for every root field of charity projects, and who reaches which."""

from api.ids import encode

PROJECT = encode("project", 1)
CHARITY = {
    "query openProjects": "{ openProjects(first: 1) { edges { node { id } } } }",
    "query projectLife": f'{{ projectLife(id: "{PROJECT}") {{ stage }} }}',
    "query projectApplications": f'{{ projectApplications(id: "{PROJECT}", first: 1) {{ edges {{ cursor }} }} }}',
    "query beneficiaries": f'{{ beneficiaries(id: "{PROJECT}", first: 1) {{ edges {{ node {{ things }} }} }} }}',
    "query beneficiaryFile": f'{{ beneficiaryFile(id: "{PROJECT}", seniorRef: "S2") {{ what }} }}',
    "query projectOutcome": f'{{ projectOutcome(id: "{PROJECT}") {{ key }} }}',
    "query outcomeRows": f'{{ outcomeRows(id: "{PROJECT}", figure: "spent", first: 1) {{ edges {{ cursor }} }} }}',
    "query projectsCompared": "{ projectsCompared(first: 1) { edges { node { persons } } } }",
    "query weeklyShortage": '{ weeklyShortage(day: "2026-03-02") { unmetMin } }',
    "mutation moveProject": f'mutation {{ moveProject(id: "{PROJECT}", to: "running") {{ __typename }} }}',
    "mutation planBudgetLine": f'mutation {{ planBudgetLine(id: "{PROJECT}", code: "s", nameZh: "人", plannedCents: 1) '
    "{ __typename } }",
    "mutation commitBudget": f'mutation {{ commitBudget(id: "{PROJECT}", idempotencyKey: "m", '
    'input: { line: "s", what: "x", party: "y", amountCents: 1 }) { __typename } }',
    "mutation settleCommitment": f'mutation {{ settleCommitment(id: "{encode("commitment", 1)}", idempotencyKey: "m") '
    "{ __typename } }",
    "mutation receiveContribution": f'mutation {{ receiveContribution(id: "{PROJECT}", idempotencyKey: "m", input: {{ '
    'donorKind: "company", donor: "x", kind: "goods", what: "y", receivedOn: "2026-03-02" }) { __typename } }',
    "mutation handOut": f'mutation {{ handOut(id: "{encode("contribution", 1)}", seniorRef: "S2", quantity: 1, '
    'idempotencyKey: "m") { __typename } }',
    "mutation drawHours": f'mutation {{ drawHours(id: "{PROJECT}", seniorRef: "S2", minutes: 1, note: "x", '
    'idempotencyKey: "m") { __typename } }',
    "mutation applyToProject": f'mutation {{ applyToProject(id: "{PROJECT}", offer: "x", idempotencyKey: "m") '
    "{ __typename } }",
    "mutation answerApplication": f'mutation {{ answerApplication(id: "{encode("application", 1)}", accept: true) '
    "{ __typename } }",
    "mutation allocatePlaces": f'mutation {{ allocatePlaces(id: "{PROJECT}", startsOn: "2026-03-02", days: 1) '
    "{ __typename } }",
    "mutation draftProject": 'mutation { draftProject(idempotencyKey: "m", input: { day: "2026-03-02", '
    'service: "trip", startsOn: "2026-04-06" }) { __typename } }',
}
"""What they name belongs to the office CF1."""
CHARITY_OF_ALL = {"query openProjects"}
CHARITY_OF_OFFICES = {
    "query projectsCompared",
    "query weeklyShortage",
    *(f"mutation {name}" for name in ("moveProject", "planBudgetLine", "commitBudget", "settleCommitment")),
    *(f"mutation {name}" for name in ("receiveContribution", "handOut", "drawHours", "answerApplication")),
    *(f"mutation {name}" for name in ("allocatePlaces", "draftProject")),
}
OWN_BY_OFFICE = {
    "query project",
    "query projectLife",
    "query projectApplications",
    "query beneficiaries",
    "query beneficiaryFile",
    "query projectOutcome",
    "query outcomeRows",
}
