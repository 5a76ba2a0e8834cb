"""The guard's rules, by what they keep: subjects, relations, words."""
