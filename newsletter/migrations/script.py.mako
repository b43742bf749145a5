"""${message}

Revision: ${up_revision}
Follows: ${down_revision | comma,n}
Locks: say which tables are locked and for how long on ten million rows.
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """${message}."""
    ${upgrades if upgrades else "pass"}
