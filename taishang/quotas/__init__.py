"""What workspaces and people may use: limits that hold before a call is made, and what is said when they do not."""
