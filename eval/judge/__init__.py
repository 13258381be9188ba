"""A model's second opinion on verdicts, for evaluation alone: protocol `judge`, beside the rules' and never over them.

forms      what a judge is asked, and how its reply is read: our own prompt, and those of published verifier models
asked      which responses of a run are asked about
ask        the engine's part: each judgement is saved with its text the moment it comes
overlay    judgements over the rules' verdicts: protocol `judge`
check      how good a judge is, on graded answers and against injections
"""
