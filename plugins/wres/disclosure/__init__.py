"""Disclosure control: what else has to be hidden so that no starred count can be worked out, and the audit of a release."""
