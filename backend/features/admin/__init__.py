"""What only admins may do, and what they did to others: bans."""
