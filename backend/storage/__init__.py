"""What is kept: tables, engines and plain SQL functions. The only home of SQLAlchemy."""
