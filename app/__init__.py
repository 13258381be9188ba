"""The page, on Gradio: a chat, samples, comparisons, runs.

The server:
build, server       the page as a whole; its server, which is there while the model loads
desk                what the page works with: engines, verifier, limits, what the command line lends it
login, policy       who comes in; what a browser may do on the page
plain               what programs get that call the page as an API
sessions            what is kept of each open page

Asking:
session             one question to an engine, as plain events
answers, live       answers in the making; those that outlive the page that asked
line, pump          who waits in front of the engine; generators in threads
controls            system prompt and sampling
question, picker    a question with its expected answer; choosing one of a benchmark

The tabs:
chat, talk          the chat as it is drawn; what it does
shelf               the conversations that this browser keeps
sample              the same question k times
compare, comparison two sides as they are drawn; what their tab does
match, votes        a comparison as data; votes on disk
scoreboard          who is preferred to whom; bradleyterry: strengths from votes
browse, listing     run directories; which responses are listed
training            training runs

What is shown:
render, markdown    turns as messages; what was written, with nothing in it that acts
path                how a verdict came about
probabilities       how sure the model was of each token
export, downloads   conversations as files; files made by the browser
"""
