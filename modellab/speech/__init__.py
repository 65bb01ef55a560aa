"""What follows from results about speech: who said which word and when, what leaked, what got no words."""
