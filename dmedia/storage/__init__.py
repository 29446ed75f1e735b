"""Where bytes come from and go to: open, identify, publish. Knows no codec."""
