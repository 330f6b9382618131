"""What vendors send beside words: keepalives, starts and stops, other events, fields left empty.

Each is of the shape that the vendor's documentation gives, in our own words: the connector's name, what it is,
the body, and what should become of it.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from samples import form, js

AT = "2026-11-23T10:00:05Z"


def _pushed(event: Any, **attributes: str) -> bytes:
    message = {
        "data": base64.b64encode(js(event)).decode(),
        "messageId": "1",
        "message_id": "1",
        "publishTime": AT,
        "attributes": attributes,
    }
    return js({"message": message, "subscription": "projects/p/subscriptions/s"})


TWILIO_CALL = {
    "AccountSid": "AC1",
    "CallSid": "CA1",
    "TranscriptionSid": "GT1",
    "Timestamp": "2026-11-23T10:00:05.123Z",
}
CHAT = {"AccountSid": "AC1", "ChatServiceSid": "IS1", "ConversationSid": "CH1", "RetryCount": "0"}
LENS = {"Version": "1.0.0", "Channel": "VOICE", "AccountId": "1", "ContactId": "k-1"}
LENS_CHAT = {"Version": "2.0.0", "Channel": "CHAT", "ContactId": "k-1", "OutputType": "Raw"}
CALL = {"CallId": "call-1", "CreatedAt": AT, "ExpiresAfter": "1795500000"}
CHIME = {"service-type": "CallAnalytics", "mediaInsightsPipelineId": "p-1"}
UTTERED = {
    "utteranceId": "u-1",
    "participantRole": "CUSTOMER",
    "isPartial": False,
    "transcript": "Hello",
    "beginOffsetMillis": 0,
    "endOffsetMillis": 900,
}
TURN = {
    "type": "TurnInfo",
    "request_id": "r-1",
    "sequence_id": 4,
    "turn_index": 0,
    "audio_window_start": 0.0,
    "audio_window_end": 1.6,
    "words": [{"word": "hello", "confidence": 0.9}],
    "end_of_turn_confidence": 0.8,
}
TALK = "projects/p/locations/global/conversations/x"
STATE = {"id": 7, "channel": "Channel::WebWidget", "status": "open", "account": {"id": 1}}

ALSO_SENT: list[tuple[str, str, bytes, list[str]]] = [
    (
        "twilio",
        "stopped",
        form(**TWILIO_CALL, TranscriptionEvent="transcription-stopped"),
        ["ended"],
    ),
    (
        "twilio",
        "an error",
        form(
            **TWILIO_CALL,
            TranscriptionEvent="transcription-error",
            TranscriptionErrorCode="32655",
            TranscriptionError="no speech provider",
        ),
        ["ended"],
    ),
    (
        "twilio",
        "started",
        form(
            **TWILIO_CALL,
            TranscriptionEvent="transcription-started",
            Track="both_tracks",
            TranscriptionEngine="google",
            PartialResults="true",
            Name="",
            Hints="",
            InboundTrackLabel="",
            SpeechModel="telephony",
            ProfanityFilter="true",
        ),
        ["started"],
    ),
    (
        "twilio",
        "an empty stability",
        form(
            **TWILIO_CALL,
            TranscriptionEvent="transcription-content",
            Final="true",
            Stability="",
            SequenceId="3",
            Track="inbound_track",
            LanguageCode="",
            TranscriptionData='{"transcript": "Hello", "confidence": null}',
        ),
        ["final"],
    ),
    (
        "twilio",
        "an event to come",
        form(**TWILIO_CALL, TranscriptionEvent="transcription-paused"),
        [],
    ),
    (
        "genesys",
        "the heartbeat of its socket",
        js({"topicName": "channel.metadata", "eventBody": {"message": "WebSocket Heartbeat"}}),
        [],
    ),
    (
        "genesys",
        "an answer to a ping",
        js({"topicName": "channel.metadata", "eventBody": {"message": "pong"}}),
        [],
    ),
    (
        "genesys",
        "the socket closes",
        js({"topicName": "v2.system.socket_closing", "eventBody": {"message": "bye"}}),
        [],
    ),
    (
        "genesys",
        "a keepalive",
        js(
            {
                "topicName": "v2.conversations.c-1.transcription",
                "version": "2",
                "eventBody": {
                    "eventTime": AT,
                    "conversationId": "c-1",
                    "communicationId": "m-1",
                    "transcripts": None,
                    "status": {"status": "SESSION_ONGOING"},
                },
            }
        ),
        [],
    ),
    (
        "genesys",
        "a leg's end",
        js(
            {
                "topicName": "v2.conversations.c-1.transcription",
                "eventBody": {"conversationId": "c-1", "status": {"status": "SESSION_ENDED"}},
            }
        ),
        [],
    ),
    (
        "genesys",
        "another topic",
        js({"topicName": "v2.users.u-1.presence", "eventBody": {"source": "PURECLOUD"}}),
        [],
    ),
    (
        "genesys",
        "an utterance without its extras",
        js(
            {
                "topicName": "v2.conversations.c-1.transcription",
                "eventBody": {
                    "conversationId": "c-1",
                    "transcripts": [
                        {
                            "utteranceId": "u-1",
                            "isFinal": True,
                            "channel": "EXTERNAL",
                            "alternatives": [{"transcript": "Hello", "decoratedTranscript": None}],
                        }
                    ],
                },
            }
        ),
        ["final"],
    ),
    (
        "contact-lens",
        "categories",
        js(
            LENS
            | {
                "EventType": "SEGMENTS",
                "Segments": [
                    {"Categories": {"MatchedCategories": ["angry"], "MatchedDetails": {}}}
                ],
            }
        ),
        [],
    ),
    (
        "contact-lens",
        "a summary afterwards",
        js(
            LENS
            | {
                "EventType": "SEGMENTS",
                "Segments": [
                    {
                        "PostContactSummary": {
                            "Status": "COMPLETED",
                            "Content": "They called about a bill.",
                        }
                    }
                ],
            }
        ),
        [],
    ),
    ("contact-lens", "failed", js(LENS | {"EventType": "FAILED"}), ["ended"]),
    (
        "contact-lens",
        "a chat's end",
        js(LENS_CHAT | {"StreamingEventType": "COMPLETED"}),
        ["ended"],
    ),
    (
        "contact-lens",
        "somebody left, a file came",
        js(
            LENS_CHAT
            | {
                "StreamingEventType": "SEGMENTS",
                "Segments": [
                    {
                        "Event": {
                            "Id": "e",
                            "ParticipantRole": "AGENT",
                            "EventType": "application/vnd.left",
                        }
                    },
                    {"Attachments": {"Id": "a", "Attachments": [{"AttachmentName": "bill.pdf"}]}},
                ],
            }
        ),
        [],
    ),
    (
        "lca",
        "whom it is with",
        js(CALL | {"EventType": "UPDATE_AGENT", "AgentId": "a-7"}),
        ["updated"],
    ),
    (
        "lca",
        "a recording",
        js(CALL | {"EventType": "ADD_S3_RECORDING_URL", "RecordingUrl": "s3://b/k"}),
        [],
    ),
    (
        "lca",
        "a category",
        js(
            CALL | {"EventType": "ADD_CALL_CATEGORY", "CategoryEvent": {"MatchedCategories": ["x"]}}
        ),
        [],
    ),
    (
        "lca",
        "a summary",
        js(CALL | {"EventType": "ADD_SUMMARY", "CallSummaryText": "about a bill"}),
        [],
    ),
    (
        "lca",
        "advice to the agent",
        js(CALL | {"EventType": "ADD_AGENT_ASSIST", "Transcript": "Ask for the bill"}),
        [],
    ),
    ("lca", "what it was made of", js(CALL | {"EventType": "CALL_ANALYTICS_METADATA"}), []),
    (
        "lca",
        "times as text",
        js(
            CALL
            | {
                "EventType": "ADD_TRANSCRIPT_SEGMENT",
                "SegmentId": "s-1",
                "Channel": "CALLER",
                "Transcript": "Hello",
                "IsPartial": "false",
                "StartTime": "0.4",
                "EndTime": "1.2",
                "Sentiment": None,
            }
        ),
        ["final"],
    ),
    (
        "transcribe",
        "a category",
        js({"CategoryEvent": {"MatchedCategories": ["angry"], "MatchedDetails": {}}}),
        [],
    ),
    ("transcribe", "silence", js({"TranscriptEvent": {"Transcript": {"Results": []}}}), []),
    (
        "transcribe",
        "Chime's, with the call in an object",
        js(
            CHIME
            | {
                "detail-type": "TranscribeCallAnalytics",
                "metadata": {"callId": "k-9"},
                "UtteranceEvent": UTTERED,
            }
        ),
        ["final"],
    ),
    (
        "transcribe",
        "Chime's, with the call in a text",
        js(
            CHIME
            | {
                "detail-type": "TranscribeCallAnalytics",
                "metadata": json.dumps({"callId": "k-9"}),
                "UtteranceEvent": UTTERED,
            }
        ),
        ["final"],
    ),
    (
        "transcribe",
        "what Chime says of the call",
        js(
            CHIME
            | {"detail-type": "CallAnalyticsMetadata", "callevent-type": "Update", "metadata": "{}"}
        ),
        [],
    ),
    (
        "deepgram",
        "somebody begins to speak",
        js({"type": "SpeechStarted", "channel": [0], "timestamp": 1.2}),
        [],
    ),
    (
        "deepgram",
        "an utterance's end",
        js({"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": 2.3}),
        [],
    ),
    (
        "deepgram",
        "silence",
        js(
            {
                "type": "Results",
                "channel_index": [0, 1],
                "start": 0.0,
                "duration": 1.0,
                "is_final": True,
                "speech_final": True,
                "metadata": {"request_id": "r-1"},
                "channel": {"alternatives": [{"transcript": "", "confidence": 0.0, "words": []}]},
            }
        ),
        ["final"],
    ),
    (
        "deepgram",
        "Flux is connected",
        js({"type": "Connected", "request_id": "r-1", "sequence_id": 0}),
        [],
    ),
    (
        "deepgram",
        "Flux, a turn goes on",
        js(TURN | {"event": "Update", "transcript": "Hel"}),
        ["partial"],
    ),
    (
        "deepgram",
        "Flux, perhaps its end",
        js(TURN | {"event": "EagerEndOfTurn", "transcript": "Hello"}),
        ["partial"],
    ),
    (
        "deepgram",
        "Flux, its end",
        js(TURN | {"event": "EndOfTurn", "transcript": "Hello"}),
        ["final"],
    ),
    ("deepgram", "an error", js({"type": "Error", "description": "no audio", "variant": "x"}), []),
    (
        "assemblyai",
        "the beginning",
        js({"type": "Begin", "id": "s-1", "expires_at": 1795500000}),
        ["started"],
    ),
    ("assemblyai", "somebody begins to speak", js({"type": "SpeechStarted", "timestamp": 12}), []),
    (
        "assemblyai",
        "a turn with little",
        js(
            {
                "type": "Turn",
                "turn_order": 0,
                "end_of_turn": False,
                "transcript": "",
                "words": [],
                "speaker_label": None,
                "end_of_turn_confidence": 0.1,
            }
        ),
        ["partial"],
    ),
    (
        "assemblyai",
        "the end",
        js({"type": "Termination", "audio_duration_seconds": 4, "session_duration_seconds": 5}),
        ["ended"],
    ),
    (
        "azure",
        "the beginning",
        js(
            {
                "kind": "TranscriptionMetadata",
                "transcriptionMetadata": {
                    "subscriptionId": "s",
                    "locale": "en-us",
                    "callConnectionId": "k-1",
                    "correlationId": "x",
                },
            }
        ),
        ["started"],
    ),
    (
        "azure",
        "another kind",
        js({"kind": "AudioData", "audioData": {"data": "AA==", "silent": True}}),
        [],
    ),
    (
        "azure",
        "words without confidence",
        js(
            {
                "kind": "TranscriptionData",
                "transcriptionData": {
                    "text": "Hello",
                    "format": "display",
                    "offset": 1000000,
                    "duration": 5000000,
                    "words": [],
                    "confidence": None,
                    "participantRawID": "8:acs:1",
                    "resultStatus": "Final",
                },
            }
        ),
        ["final"],
    ),
    (
        "agentassist",
        "a human is wanted",
        _pushed({"conversation": TALK, "type": "HUMAN_INTERVENTION_NEEDED"}),
        [],
    ),
    (
        "agentassist",
        "it could not go on",
        _pushed({"conversation": TALK, "type": "UNRECOVERABLE_ERROR", "errorStatus": {"code": 13}}),
        ["ended"],
    ),
    (
        "agentassist",
        "suggestions",
        _pushed(
            {
                "conversation": TALK,
                "participant": f"{TALK}/participants/y",
                "suggestionResults": [{"suggestArticlesResponse": {}}],
            }
        ),
        [],
    ),
    (
        "agentassist",
        "words without what is empty",
        _pushed(
            {
                "conversation": TALK,
                "type": "NEW_RECOGNITION_RESULT",
                "newRecognitionResultPayload": {},
            },
            message_id="m-1",
        ),
        ["partial"],
    ),
    (
        "twilio-conversations",
        "somebody joins",
        form(
            **CHAT,
            EventType="onParticipantAdded",
            ParticipantSid="MB1",
            **{"MessagingBinding.Address": "+447700900123", "MessagingBinding.Type": "sms"},
        ),
        [],
    ),
    (
        "twilio-conversations",
        "it is read",
        form(**CHAT, EventType="onDeliveryUpdated", Status="read"),
        [],
    ),
    (
        "twilio-conversations",
        "a picture",
        form(
            **CHAT,
            EventType="onMessageAdded",
            MessageSid="IM1",
            Author="+447700900123",
            Index="4",
            DateCreated=AT,
            Body="",
            Media='[{"Sid": "ME1"}]',
            Attributes="{}",
            Source="SMS",
        ),
        ["final"],
    ),
    (
        "twilio-conversations",
        "it goes quiet",
        form(
            **CHAT,
            EventType="onConversationStateUpdated",
            StateFrom="active",
            StateTo="inactive",
            Reason="TIMER",
            DateUpdated=AT,
        ),
        [],
    ),
    (
        "twilio-conversations",
        "it is removed",
        form(**CHAT, EventType="onConversationRemoved", DateRemoved=AT),
        ["ended"],
    ),
    (
        "chatwoot",
        "somebody types",
        js(
            {
                "event": "conversation_typing_on",
                "conversation": STATE,
                "user": {"id": 1},
                "is_private": False,
            }
        ),
        [],
    ),
    ("chatwoot", "a visitor", js({"event": "webwidget_triggered", "id": 1, "source_id": "x"}), []),
    ("chatwoot", "a contact", js({"event": "contact_updated", "id": 1, "name": "Kay"}), []),
    ("chatwoot", "opened again", js(STATE | {"event": "conversation_status_changed"}), []),
    (
        "chatwoot",
        "a file alone",
        js(
            {
                "event": "message_created",
                "id": 5,
                "content": None,
                "content_type": "text",
                "message_type": "incoming",
                "private": False,
                "created_at": AT,
                "sender": None,
                "inbox": None,
                "attachments": [{"file_type": "image"}],
                "conversation": STATE | {"meta": None},
            }
        ),
        ["final"],
    ),
    (
        "zendesk",
        "another event",
        js(
            {
                "type": "zen:event-type:ticket.priority_changed",
                "subject": "zen:ticket:5",
                "time": AT,
                "event": {"current": "HIGH", "previous": "LOW"},
                "detail": {"id": "5"},
            }
        ),
        [],
    ),
    (
        "zendesk",
        "it waits",
        js(
            {
                "type": "zen:event-type:ticket.status_changed",
                "subject": "zen:ticket:5",
                "time": AT,
                "event": {"current": "PENDING", "previous": "OPEN"},
            }
        ),
        [],
    ),
    (
        "zendesk",
        "a note",
        js(
            {
                "type": "zen:event-type:ticket.comment_added",
                "subject": "zen:ticket:5",
                "time": AT,
                "event": {
                    "comment": {
                        "id": "1",
                        "body": "call back",
                        "is_public": False,
                        "author": {"id": "2", "is_staff": True, "name": None},
                    }
                },
            }
        ),
        ["final"],
    ),
    (
        "intercom",
        "a ping",
        js(
            {
                "type": "notification_event",
                "topic": "ping",
                "id": "n-1",
                "created_at": 1795428005,
                "data": {
                    "type": "notification_event_data",
                    "item": {"type": "ping", "message": "hello"},
                },
            }
        ),
        [],
    ),
    (
        "intercom",
        "assigned, without words",
        js(
            {
                "type": "notification_event",
                "topic": "conversation.admin.assigned",
                "created_at": 1795428005,
                "data": {
                    "item": {
                        "type": "conversation",
                        "id": "9",
                        "source": None,
                        "admin_assignee_id": None,
                        "conversation_parts": {
                            "conversation_parts": [
                                {
                                    "id": "1",
                                    "part_type": "assignment",
                                    "body": None,
                                    "created_at": 1795428005,
                                    "author": {"type": "admin", "id": "3"},
                                }
                            ]
                        },
                    }
                },
            }
        ),
        [],
    ),
    (
        "intercom",
        "another object",
        js(
            {
                "type": "notification_event",
                "topic": "contact.created",
                "data": {"item": {"id": "1"}},
            }
        ),
        [],
    ),
]
