"""The door for programs that speak OpenAI's protocol, at `/api/openai/v1/`: their clients work here unchanged."""
