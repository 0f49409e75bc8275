"""JSON ⇄ bytes ⇄ socket: knows no message and no tool."""
