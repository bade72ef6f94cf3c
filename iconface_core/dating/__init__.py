"""When a photo was taken: a range of years out of the people in it, and the dates that a person states."""
