"""Text that people type and read: subjects, names, times, languages, signatures, form lines.

    blocks        large texts, a block at a time
    cleanup       a typed line as it was meant
    moments       wall time to UTC and back, and dates as people write them
    typed_time    WHEN: "2h", "fri 14:00"
    day_names     its words in other languages
    names         the configured name that a typed one matches
    subject       ticket tokens and reply prefixes
    forms         `Help topic: …` and other form lines
    signature     the end of a mail that says who wrote it
    closings      "Best regards"
    thanks        a message that only thanks
    language      the language of a text
    patterns      the regular expressions of rules
    search_words  the words of the full-text search

May import: the values, `reading`.
"""
