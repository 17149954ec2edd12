"""What is true of a text by itself: words, marks, differences, places. No Django, no database, no clock."""
