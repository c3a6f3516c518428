"""What an agent asks for, with its text and the tickets that it merges or splits.

request         an agent's mail, or an order of `tickets do`
reply           what it posts, and whether as a reply or a note
merge_split     the tickets that it merges or splits
published_note  `#send`
failed_reply    `#requester` after a reply that did not arrive
"""
