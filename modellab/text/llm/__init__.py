"""Text steps done by a language model: an OpenAI-compatible endpoint or a local transformers model.

A model is asked for JSON in which every line cites sentences and the words said in them; what was not said is rejected.
"""
