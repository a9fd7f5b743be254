"""What answers below /admin: the guard, the sign-in, cookies, headers, and Gradio behind them."""
