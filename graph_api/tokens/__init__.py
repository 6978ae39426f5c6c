"""Access tokens, refresh tokens and the keys behind them: pure, no database, no HTTP."""
