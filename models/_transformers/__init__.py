"""What adapters of transformers' models share.

- `loading.load(request, "MoonshineForConditionalGeneration")` gives a processor and a model from the request's folder
  of weights alone: nothing is fetched, no code of the folder is run, nothing is unpickled but the tensors of makers who
  give no safetensors (`safetensors=False`); on the request's device, in its compute type.
- `generation.greedy(model, inputs, ...)` decodes greedily (the same audio gives the same text), tells progress at every
  token, so that it can be stopped there, and says how likely the tokens were.
- `asr.PieceTranscriber` is an `asr` model over both: pieces of speech, batches, languages, estimated word times. An
  adapter writes down one batch of pieces:

      class Moonshine(PieceTranscriber):
          def __init__(self, request: LoadRequest) -> None:
              super().__init__(request, "MoonshineForConditionalGeneration", longest_s=30.0)

          def hear(self, pieces, language, progress):
              inputs = self.processor(list(pieces), sampling_rate=self.rate_hz, return_tensors="pt", padding=True)
              return self.texts(self.greedy(inputs, most_tokens=200, progress=progress))

- `tiny.py` makes what random checkpoints have in common: a tokenizer of a few letters, a seed.
"""
