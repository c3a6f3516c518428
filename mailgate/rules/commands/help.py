"""The text that #help answers with."""

HELP = """\
Write commands on top of your mail, one a line, then an empty line, then your
text.
Text in an answer to a requester's mail goes to the requester; #note keeps it
inside.

#note                       keep the text internal (#internal)
#note NAME|ADDRESS          ask colleagues or outsiders, with commas between
                            them (#ask); their answers come back as notes
#reply                      send the text to the requester (#public)
#assign NAME|me|nobody      an agent or a team; also #claim, #release
#transfer DEPARTMENT        move the ticket; the text stays a note
#topic NAME                 change the help topic
#sla PLAN                   change the SLA plan
#priority NAME              Low, Normal, High or Emergency (#prio)
#due WHEN                   2h, 3d, tomorrow, fri 14:00, 2026-12-24 09:00
#status open|pending|resolved|closed
#open  #pending  #resolved  #closed     (#reopen #resolve #solved #done #close)
#subject TEXT               call the ticket something else
#tag WORDS  #untag WORDS    tags, one or several
#cc ADDRESS  #uncc ADDRESS  collaborators, one or several; they are told
#requester ADDRESS          the ticket is somebody else's
#canned NAME                a canned response, above your text if there is any
#new [ADDRESS|NAME]         open a ticket for somebody; without a name for whose
                            mail you forward, else for yourself
#link NUMBER                link this ticket and another with each other
#merge NUMBER               this ticket goes into that one, with all later mail
#split                      the message answered becomes a ticket; undoes #merge
#spam                       close as spam; the requester is told nothing
#ban ADDRESS|@DOMAIN        their mail goes to quarantine; #unban ends that
#bans                       who is banned
#pending WHEN               open again then, with a reminder (#snooze fri)
#quiet                      tell no requester of this mail's commands
#ticket NUMBER              for a mail that is not an answer
#show [NUMBER]              a ticket, by mail
#show [NUMBER] files        its attachments, by mail
#list [open|mine|unassigned|overdue|DEPARTMENT]
#search WORDS               tickets in any status with all of the words
#away [until WHEN]          no alerts for you; colleagues hear of your tickets
#away NAME until WHEN       the same for somebody of a department you manage
#back                       you are here again (#back NAME)
#report [30d]               figures of what you see
#help                       this text
#end                        nothing below this line is read

A reason follows two dashes: #assign Online Banking -- needs their keys
A unique start of a name is enough. One bad line and nothing of the mail is
done.
A line of text that must begin with a command word is written \\#word."""
