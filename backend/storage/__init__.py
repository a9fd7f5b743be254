"""The database: connections, tables, migrations and queries. Only this package uses SQLAlchemy."""
