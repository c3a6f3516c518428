"""What kind of mail it is: our own, a bounce, an automatic reply, bulk, a duplicate, or a person's.

    classify     all of it, in order
    incoming     what the questions below look at
    loop         is it our own?
    bounce       a delivery or feedback report?
    autoreply    an automatic answer? Signs with weights; their words are in `phrases`
    help_desk    another help desk's, and its acknowledgement?
    bulk         made by a machine, or sent to many?
    spam         marked as spam by a mail server?
    duplicates   the same as an earlier one?
    list_sender  who wrote it, where a mailing list named itself as author
    phrases      what automatic answers say, by language: data alone

May import: the values, and the `rules` folders before it.
"""
