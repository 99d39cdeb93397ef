"""The application: one folder per thing the office would name. Never imports sim."""
