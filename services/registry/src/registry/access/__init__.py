"""Who is who, and who belongs where: groups, links of accounts to persons, requests for roles."""
