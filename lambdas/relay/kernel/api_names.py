"""Words that Genesys' paths have where other paths have an id: `GET /api/v2/conversations/calls`
lists calls. Used as an id, such a word leads to another endpoint.

Taken from the paths of the official SDK (PureCloudPlatformClientV2 269.0.0), with which
`tests/simulator/test_sdk.py` compares them.
"""

WORDS = """
actions activity addressvalidation adfs aftercallwork agentchecklists agentless agentui
aggregates alertablepresences alias all alphanumeric answers apple approve assignments
associations attributions audits availability availablemetabases botconnector botconnectors
bulk bulkadd bulkremove cachedmedia callbacks calls care categories certificateauthorities
certificates chats cic classifications clientapps cobrowsesessions copilot copy coretypes
coverart credentials customattributes data datatables default defaults deleted deletions
details development dialects didpools dids divisionviews documents draft drafts
dynamicsettings edgegroups edgeversionreport effectiveschedulesets emails embeddedsignup
encodings enrich enrollments estimate estimates evaluations eventdefinitions executions
expired export exports extensionpools extensions external externalactivities
externalcontacts externalid facebook faxes feedback finalize functions general generate
generatedphrases generic greetings gsuite history home identitynow import inbound incoming
instagram instances integrations integrationstatus internalmessages invoices jobs
keyconfigurations keyperformanceindicators keyperformanceindicatortypes languages latest
launch limit limits linebasesettings lines listing logicalinterfaces lookup mappings
maximumconferenceparties me mediastatistics meetings merge messages messaging metadata
metrics milestones mine oauth objectivedetails okta onelogin open opportunities
outboundroutes outcomes outgoing participants performance phonebasesettings phones
physicalinterfaces ping pins planninggroups points predictors presences presentations
preview progress published publishjobs purecloud pureengage query querycapabilities queue
queues realtime reboot references regions rolecounts rules salesforce schedules schemas
scorable scoring screenshares search servicemapping settings simulated site sites socials
speech state stations status subject suggestions summaries summary surveys synchronizations
targets template testphrase timeofftypes timeout timezones tokens topiclinks topics totp
transcriptionengines translations trunkbasesettings trunks trunkswithrecording twitter types
unifiedcommunications unpublished uploads uploadurl user userapps users validate values
versions videos waitlistpositions webauthn webhooks whatsapp workplanbidranks workplans
"""
NAMES = frozenset(WORDS.split())
