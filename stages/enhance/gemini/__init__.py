"""The Gemini enhancer, over google-generativeai or plain REST."""
