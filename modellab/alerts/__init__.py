"""What went wrong, told to people: found once, kept in an outbox, sent by log, webhook, chat and e-mail."""
