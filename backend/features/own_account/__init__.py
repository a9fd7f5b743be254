"""What a user does with their own account: change the password, take the data, leave."""
