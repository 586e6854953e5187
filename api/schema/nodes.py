"""Everything that can be found again by its id."""

import strawberry


@strawberry.interface(description="Anything that can be found again by its id.")
class Node:
    """Anything that can be found again by its id."""

    id: strawberry.ID = strawberry.field(description="Opaque, and the same for ever.")
