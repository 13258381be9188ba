"""The API that users call and the commands call: what joins data, engines, the verifier and the statistics."""
