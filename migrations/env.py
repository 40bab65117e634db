"""How a migration runs: in one transaction, over the connection that ``counterfoil.storage.migrate`` hands in."""

from alembic import context
from sqlalchemy import Connection

from counterfoil.errors import MisconfiguredError
from counterfoil.storage.schema import METADATA


def migrate() -> None:
    connection = context.config.attributes.get("connection")
    if not isinstance(connection, Connection):
        raise MisconfiguredError("migrations are run through counterfoil.storage.migrate, which brings the connection")
    context.configure(connection=connection, target_metadata=METADATA, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


migrate()
