"""What calls have used and cost: kept in a database, a row for each call, and reported."""
