"""What there is: the entities of an account, their moments and versions, and sums over them."""
