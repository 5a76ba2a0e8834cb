"""Reference pictures: the user's files become what can be sent."""
