"""What people are asked: whose face this is, whether two people are one."""
