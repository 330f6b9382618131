"""One small conversation in each vendor's format, in the order in which it would come; our own writing."""

from __future__ import annotations

import base64
import json
from typing import Any, NamedTuple
from urllib.parse import urlencode

C, A, B = "customer", "agent", "bot"


class Sample(NamedTuple):
    """Deliveries of one conversation, and what was said in the end: (role, how it is known, text).

    `broken` is a delivery that can't be read, and the field that the refusal has to name.
    """

    bodies: list[bytes]
    said: list[tuple[str, str, str]]
    broken: tuple[bytes, str]
    query: str = ""
    over: bool = True


def js(payload: Any) -> bytes:
    return json.dumps(payload).encode()


def form(**fields: str) -> bytes:
    return urlencode(fields).encode()


def _twilio(event: str, second: int, **fields: str) -> bytes:
    return form(
        LanguageCode="en-GB",
        TranscriptionSid="GT00aa",
        TranscriptionEvent=event,
        CallSid="CA00bb",
        AccountSid="AC00cc",
        Timestamp=f"2026-11-23T10:00:{second:02}.123456789Z",
        **fields,
    )


def _heard(second: int, track: str, number: int, final: bool, text: str) -> bytes:
    words = {"transcript": text} | ({"confidence": 0.91} if final else {})
    return _twilio(
        "transcription-content",
        second,
        Track=track,
        SequenceId=str(number),
        Final="true" if final else "false",
        TranscriptionData=json.dumps(words),
        **({} if final else {"Stability": "0.4"}),
    )


TWILIO = Sample(
    bodies=[
        _twilio("transcription-started", 1, InboundTrackLabel="caller"),
        _heard(3, "inbound_track", 2, False, "my boiler"),
        _heard(4, "inbound_track", 3, False, "my boiler stopped"),
        _heard(5, "inbound_track", 4, True, "My boiler stopped again."),
        _heard(8, "outbound_track", 2, True, "I'm sorry, let me send someone."),
        _heard(9, "inbound_track", 5, False, "when would"),
        _heard(11, "inbound_track", 6, True, "When would that be?"),
        _twilio("transcription-stopped", 20),
    ],
    said=[
        (C, "channel_map", "My boiler stopped again."),
        (A, "channel_map", "I'm sorry, let me send someone."),
        (C, "channel_map", "When would that be?"),
    ],
    broken=(
        _twilio("transcription-content", 3, Track="inbound_track", SequenceId="one", Final="true",
                TranscriptionData="{}"),
        "$.SequenceId",
    ),
    query="?roles=inbound_track:customer,outbound_track:agent&agent_id=a-7",
)  # fmt: skip


def _genesys(transcripts: list[dict[str, Any]], **more: Any) -> bytes:
    return js(
        {
            "topicName": "v2.conversations.7c1d0e9a-0000.transcription",
            "version": "2",
            "eventBody": {
                "eventTime": "2026-11-23T10:00:30.000Z",
                "organizationId": "o-1",
                "conversationId": "7c1d0e9a-0000",
                "communicationId": "leg-1",
                "sessionStartTimeMs": 1795428000000,
                "transcriptionStartTimeMs": 1795428000047,
                "transcripts": transcripts,
                **more,
            },
        }
    )


def _uttered(name: str, channel: str, offset: int, lasts: int, final: bool, text: str) -> Any:
    return {
        "utteranceId": name,
        "isFinal": final,
        "channel": channel,
        "dialect": "en-US",
        "alternatives": [
            {"confidence": 0.8, "offsetMs": offset, "durationMs": lasts, "transcript": text.lower(),
             "decoratedTranscript": text},
        ],
    }  # fmt: skip


def _eventbridge(event: bytes) -> bytes:
    return js(
        {
            "version": "0",
            "id": "e-1",
            "detail-type": "v2.conversations.{id}.transcription",
            "source": "aws.partner/genesys.com",
            "time": "2026-11-23T10:00:31Z",
            "detail": json.loads(event),
        }
    )


def _genesys_detail(topic: str, at_ms: int, **more: str) -> bytes:
    return js(
        {
            "topicName": f"v2.detail.events.conversation.7c1d0e9a-0000.{topic}",
            "eventBody": {
                "eventTime": at_ms,
                "conversationId": "7c1d0e9a-0000",
                "participantId": "p-1",
                "sessionId": "s-1",
                **more,
            },
        }
    )


GENESYS = Sample(
    bodies=[
        _genesys_detail("user.start", 1795428000500, userId="u-ana"),
        _genesys([]),
        _genesys([
            _uttered("u-1", "EXTERNAL", 900, 800, False, "The parcel"),
            _uttered("u-1", "EXTERNAL", 900, 2100, True, "The parcel went to my old address."),
        ]),
        _eventbridge(_genesys([
            _uttered("u-2", "INTERNAL", 4000, 1500, True, "I can have it sent on."),
        ])),
        _genesys([], status={"offsetMs": 9000, "status": "SESSION_ENDED"}),
        _genesys_detail("customer.end", 1795428012000),
    ],
    said=[
        (C, "explicit", "The parcel went to my old address."),
        (A, "explicit", "I can have it sent on."),
    ],
    broken=(
        _eventbridge(_genesys([{"utteranceId": "u-9", "isFinal": True, "channel": "EXTERNAL"}])),
        "$.detail.eventBody.transcripts[0].alternatives",
    ),
)  # fmt: skip


def _lens(segments: list[Any], kind: str = "SEGMENTS") -> bytes:
    return js(
        {
            "Version": "1.0.0",
            "Channel": "VOICE",
            "AccountId": "123",
            "ContactId": "contact-5",
            "InstanceId": "instance-1",
            "LanguageCode": "en-US",
            "EventType": kind,
            "Segments": segments,
        }
    )


def _utterance(begin: int, end: int, text: str) -> Any:
    return {
        "Utterance": {
            "Id": "x", "TranscriptId": "t-1", "ParticipantId": "CUSTOMER", "ParticipantRole": "CUSTOMER",
            "PartialContent": text, "BeginOffsetMillis": begin, "EndOffsetMillis": end,
        }
    }  # fmt: skip


def _transcript(name: str, role: str, begin: int, end: int, text: str) -> Any:
    return {
        "Transcript": {
            "Id": name, "ParticipantId": role, "ParticipantRole": role, "Content": text,
            "BeginOffsetMillis": begin, "EndOffsetMillis": end, "Sentiment": "NEGATIVE",
        }
    }  # fmt: skip


def _kinesis(body: bytes) -> bytes:
    data = base64.b64encode(body).decode()
    arrived = {"data": data, "partitionKey": "k", "approximateArrivalTimestamp": 1795428007.5}
    return js({"Records": [{"kinesis": arrived, "eventSource": "aws:kinesis"}]})


CONTACT_LENS = Sample(
    bodies=[
        _lens([], "STARTED"),
        _lens([_utterance(500, 1500, "I was told")]),
        _lens([
            _utterance(1500, 2600, "it would be free"),
            _transcript("t-1", "CUSTOMER", 500, 2600, "I was told it would be free."),
        ]),
        _kinesis(_lens([_transcript("t-2", "AGENT", 3000, 4500, "Let me check that for you.")])),
        _lens([{"Categories": {"MatchedCategories": ["price"], "MatchedDetails": {}}}]),
        _lens([], "COMPLETED"),
    ],
    said=[
        (C, "explicit", "I was told it would be free."),
        (A, "explicit", "Let me check that for you."),
    ],
    broken=(_lens([{"Transcript": {"Id": "t-9", "ParticipantRole": "AGENT"}}]),
            "$.Segments[0].Transcript.Content"),
    query="?started=2026-11-23T10:00:00Z",
)  # fmt: skip


def _lca(kind: str, **more: Any) -> bytes:
    return js(
        {"EventType": kind, "CallId": "call-3", "CreatedAt": "2026-11-23T10:00:05.100Z", **more}
    )


def _segment(
    name: str, channel: str, start: Any, end: Any, partial: bool, text: str, **more: Any
) -> bytes:
    return _lca(
        "ADD_TRANSCRIPT_SEGMENT",
        SegmentId=name, Channel=channel, StartTime=start, EndTime=end, IsPartial=partial,
        Transcript=text, **more,
    )  # fmt: skip


def _result(name: str, channel: str, start: float, end: float, partial: bool, text: str) -> Any:
    return {
        "ResultId": name, "ChannelId": channel, "StartTime": start, "EndTime": end,
        "IsPartial": partial,
        "Alternatives": [{"Transcript": text, "Items": []}],
    }  # fmt: skip


LCA = Sample(
    bodies=[
        _lca("START", CustomerPhoneNumber="+44 20 7946 0018", SystemPhoneNumber="+1", AgentId="ana"),
        _segment("s-1", "CALLER", 1.2, 2.0, True, "you keep"),
        _segment("s-1", "CALLER", "1.2", "3.4", False, "You keep charging me twice."),
        _segment("s-1", "CALLER", 1.2, 3.4, False, "You keep charging [WHO] twice.",
                 OriginalTranscript="You keep charging Maria twice."),
        _segment("s-2", "AGENT", 4, 5, False, "That should not happen."),
        _lca("ADD_TRANSCRIPT_SEGMENT", TranscriptEvent=_result(
            "r-1", "ch_0", 5.5, 6.5, False, "It happens every month.")),
        _lca("END"),
    ],
    said=[
        (C, "explicit", "You keep charging [WHO] twice."),
        (A, "explicit", "That should not happen."),
        (C, "explicit", "It happens every month."),
    ],
    broken=(_segment("s-9", "CALLER", "soon", 2, False, "x"), "$.StartTime"),
    query="?started=2026-11-23T10:00:00Z",
)  # fmt: skip


TRANSCRIBE = Sample(
    bodies=[
        js({"Transcript": {"Results": [_result("r-1", "ch_0", 0.5, 1.0, True, "the app")]}}),
        js({"TranscriptEvent": {"Transcript": {"Results": [
            _result("r-1", "ch_0", 0.5, 1.9, True, "the app freezes"),
        ]}}}),
        js({"transcript": {"results": [{
            "resultId": "another", "channelId": "ch_0", "startTime": 0.5, "endTime": 2.25,
            "isPartial": False,
            "alternatives": [{"transcript": "The app freezes.", "items": [{"confidence": 0.9}]}],
        }]}}),
        js({"UtteranceEvent": {
            "UtteranceId": "u-1", "ParticipantRole": "AGENT", "IsPartial": False,
            "Transcript": "Which phone do you have?", "BeginOffsetMillis": 2900,
            "EndOffsetMillis": 4000,
        }}),
    ],
    said=[
        (C, "channel_map", "The app freezes."),
        (A, "explicit", "Which phone do you have?"),
    ],
    broken=(js({"Transcript": {"Results": [{"StartTime": 1.0, "EndTime": 2.0}]}}),
            "$.Transcript.Results[0].IsPartial"),
    query="?conversation_id=c-8&started=2026-11-23T10:00:00Z&roles=ch_0:customer,ch_1:agent",
    over=False,
)  # fmt: skip


def _deepgram(channel: int, start: float, lasts: float, final: bool, text: str) -> bytes:
    return js(
        {
            "type": "Results",
            "channel_index": [channel, 2],
            "start": start,
            "duration": lasts,
            "is_final": final,
            "speech_final": final,
            "channel": {"alternatives": [{"transcript": text, "confidence": 0.97, "words": []}]},
            "metadata": {"request_id": "req-4", "model_info": {}},
        }
    )


DEEPGRAM = Sample(
    bodies=[
        _deepgram(0, 0.0, 1.2, False, "i would like"),
        _deepgram(0, 0.0, 9.1, False, "i would like to move my appointment to"),
        _deepgram(0, 0.0, 8.49, True, "I would like to move my appointment"),
        js({"type": "SpeechStarted", "channel": [0], "timestamp": 9.0}),
        _deepgram(0, 8.49, 1.5, True, "to Friday."),
        _deepgram(1, 10.2, 0.9, True, "Friday works."),
        _deepgram(1, 11.1, 3.0, True, ""),
        js({"type": "Metadata", "request_id": "req-4", "duration": 15.0, "channels": 2}),
    ],
    said=[
        (C, "channel_map", "I would like to move my appointment"),
        (C, "channel_map", "to Friday."),
        (A, "channel_map", "Friday works."),
    ],
    broken=(js({"type": "Results", "channel": {}, "start": 0, "duration": 1, "is_final": True}),
            "$.channel.alternatives"),
    query="?started=2026-11-23T10:00:00Z&roles=0:customer,1:agent",
)  # fmt: skip


def _turn(order: int, end: bool, formatted: bool, transcript: str, words: list[str]) -> bytes:
    return js(
        {
            "type": "Turn", "turn_order": order, "turn_is_formatted": formatted, "end_of_turn": end,
            "transcript": transcript, "end_of_turn_confidence": 0.7,
            "words": [
                {"text": word, "start": order * 5000 + 400 * n, "end": order * 5000 + 400 * n + 300,
                 "confidence": 0.9, "word_is_final": True}
                for n, word in enumerate(words)
            ],
        }
    )  # fmt: skip


ASSEMBLYAI = Sample(
    bodies=[
        js({"type": "Begin", "id": "s-1", "expires_at": 1795431600}),
        _turn(0, False, False, "", ["nobody"]),
        _turn(0, False, False, "nobody", ["nobody", "called"]),
        _turn(0, True, False, "nobody called back", ["nobody", "called", "back"]),
        _turn(0, True, True, "Nobody called back.", ["Nobody", "called", "back."]),
        _turn(1, True, True, "It has been a week.", ["It", "has", "been", "a", "week."]),
        js({"type": "SpeakerRevision", "revisions": [
            {"turn_order": 1, "words": [{"text": "week.", "start": 5000, "end": 7000}]},
        ]}),
        js({"type": "Termination", "audio_duration_seconds": 12, "session_duration_seconds": 12}),
    ],
    said=[
        (C, "channel_map", "Nobody called back."),
        (C, "channel_map", "It has been a week."),
    ],
    broken=(js({"type": "Turn", "turn_order": "first", "end_of_turn": True, "transcript": ""}),
            "$.turn_order"),
    query="?conversation_id=s-1&started=2026-11-23T10:00:00Z&roles=stream:customer",
)  # fmt: skip


def _azure(who: str, offset_ms: int, lasts_ms: int, status: str, text: str) -> bytes:
    return js(
        {
            "kind": "TranscriptionData",
            "transcriptionData": {
                "text": text, "format": "display", "confidence": 0.88, "offset": offset_ms * 10_000,
                "duration": lasts_ms * 10_000, "words": [], "participantRawID": who,
                "resultStatus": status,
            },
        }
    )  # fmt: skip


AZURE = Sample(
    bodies=[
        js({"kind": "TranscriptionMetadata", "transcriptionMetadata": {
            "subscriptionId": "sub", "locale": "en-us", "callConnectionId": "cc-2",
            "correlationId": "co-2",
        }}),
        _azure("4:+14255550199", 1000, 700, "Intermediate", "is there"),
        _azure("4:+14255550199", 1000, 1800, "Final", "Is there a person here?"),
        _azure("8:acs:0c-11", 3500, 900, "Final", "Yes, this is Omar."),
    ],
    said=[
        (C, "unknown", "Is there a person here?"),
        (A, "unknown", "Yes, this is Omar."),
    ],
    broken=(js({"kind": "TranscriptionData", "transcriptionData": {"text": "x", "offset": 1.5}}),
            "$.transcriptionData.offset"),
    query="?conversation_id=cc-2&started=2026-11-23T10:00:00Z",
    over=False,
)  # fmt: skip

_CONVERSATION = "projects/p/locations/global/conversations/gc-6"


def _pubsub(number: int, event: Any, **attributes: str) -> bytes:
    return js(
        {
            "message": {
                "data": base64.b64encode(js(event)).decode(),
                "attributes": attributes,
                "messageId": f"m-{number}",
                "publishTime": f"2026-11-23T10:00:{number:02}.5Z",
            },
            "subscription": "projects/p/subscriptions/s",
        }
    )


AGENTASSIST = Sample(
    bodies=[
        _pubsub(1, {"conversation": _CONVERSATION, "type": "CONVERSATION_STARTED"}),
        _pubsub(
            2,
            {"conversation": "projects/p/conversations/gc-6", "type": "NEW_RECOGNITION_RESULT",
             "newRecognitionResultPayload": {"transcript": "can I pay", "stability": 0.9,
                                             "speechEndOffset": "1.200s"}},
            message_id="msg-1", participant_role="END_USER",
        ),
        _pubsub(
            3,
            {"conversation": _CONVERSATION, "type": "NEW_RECOGNITION_RESULT",
             "newRecognitionResultPayload": {"transcript": "can I pay in parts", "isFinal": True,
                                             "speechEndOffset": "2.700s"}},
            message_id="msg-1", participant_role="END_USER",
        ),
        _pubsub(
            4,
            {"conversation": _CONVERSATION, "type": "NEW_MESSAGE",
             "newMessagePayload": {"name": f"{_CONVERSATION}/messages/msg-1",
                                   "content": "Can I pay in parts?", "languageCode": "en-US",
                                   "participantRole": "END_USER",
                                   "createTime": "2026-11-23T10:00:03.900Z"}},
        ),
        _pubsub(
            7,
            {"conversation": _CONVERSATION, "type": "NEW_MESSAGE",
             "newMessagePayload": {"name": f"{_CONVERSATION}/messages/msg-2",
                                   "content": "Yes, over six months.",
                                   "participantRole": "HUMAN_AGENT",
                                   "createTime": "2026-11-23T10:00:06.900Z"}},
        ),
        _pubsub(9, {"conversation": _CONVERSATION, "type": "CONVERSATION_FINISHED"}),
    ],
    said=[
        (C, "explicit", "Can I pay in parts?"),
        (A, "explicit", "Yes, over six months."),
    ],
    broken=(_pubsub(5, {"conversation": _CONVERSATION, "newMessagePayload": {"content": "x"}}),
            "$.message.data.newMessagePayload.name"),
)  # fmt: skip


def _chat(kind: str, second: int, **fields: str) -> bytes:
    return form(
        EventType=kind,
        ConversationSid="CH00dd",
        AccountSid="AC00cc",
        DateCreated=f"2026-11-23T10:00:{second:02}.000Z",
        **fields,
    )


TWILIO_CONVERSATIONS = Sample(
    bodies=[
        _chat("onMessageAdded", 1, MessageSid="IM1", Index="0", Author="+447700900123", Source="SMS",
              Body="Is the shop open on Sunday"),
        _chat("onMessageAdded", 9, MessageSid="IM2", Index="1", Author="omar", Source="API",
              ClientIdentity="omar", Body="Yes, until five."),
        _chat("onMessageUpdated", 9, MessageSid="IM2", Index="1", Author="omar", Source="API",
              Body="Yes, until four.", DateUpdated="2026-11-23T10:00:15.000Z"),
        form(EventType="onConversationStateUpdated", ConversationSid="CH00dd", StateTo="closed",
             StateFrom="active", DateUpdated="2026-11-23T10:00:30.000Z"),
    ],
    said=[
        (C, "label", "Is the shop open on Sunday"),
        (A, "channel_map", "Yes, until four."),
    ],
    broken=(_chat("onMessageAdded", 1, MessageSid="IM9", Body="x"), "$.Author"),
    query="?roles=client:agent",
)  # fmt: skip


def _chatwoot(event: str, number: int, kind: Any, created: Any, text: str, **more: Any) -> bytes:
    return js(
        {
            "event": event,
            "id": number,
            "content": text,
            "message_type": kind,
            "created_at": created,
            "private": False,
            "sender": {"id": 12, "name": "Kim", "type": "user"},
            "inbox": {"id": 1, "name": "Webshop"},
            "conversation": {
                "id": 44, "channel": "Channel::WebWidget",
                "meta": {"sender": {"id": 7, "name": "Lee"}, "assignee": {"id": 12}},
            },
            **more,
        }
    )  # fmt: skip


CHATWOOT = Sample(
    bodies=[
        _chatwoot("message_created", 1, "incoming", "2026-11-23T10:00:01.000Z", "Where is my order?"),
        _chatwoot("message_created", 2, 1, 1795428009, "Out for delivry today."),
        _chatwoot("message_created", 3, "outgoing", "2026-11-23 10:00:12 UTC", "she is angry",
                  private=True),
        _chatwoot("message_updated", 2, "outgoing", 1795428009, "Out for delivery today.",
                  updated_at="2026-11-23T10:00:20Z"),
        js({"event": "conversation_status_changed", "id": 44, "status": "resolved",
            "updated_at": 1795428040, "meta": {}}),
    ],
    said=[
        (C, "explicit", "Where is my order?"),
        (A, "explicit", "Out for delivery today."),
    ],
    broken=(_chatwoot("message_created", 5, "incoming", "tomorrow", "x"), "$.created_at"),
)  # fmt: skip


def _zendesk(second: int, actor: str, name: str, text: str) -> bytes:
    return js(
        {
            "account_id": 1,
            "id": f"event-{name}",
            "type": "zen:event-type:messaging_ticket.message_added",
            "subject": "zen:ticket:88",
            "time": f"2026-11-23T10:00:{second:02}.123456789Z",
            "zendesk_event_version": "2022-11-06",
            "event": {
                "actor": {
                    "id": "zd:answerBot" if actor == "system" else f"id-of-{actor}",
                    "name": "N",
                    "type": actor,
                },
                "message": {"id": name, "body": text},
            },
        }
    )


ZENDESK = Sample(
    bodies=[
        _zendesk(1, "end_user", "m1", "The discount code does nothing"),
        _zendesk(3, "system", "m2", "I'll find somebody for you."),
        _zendesk(9, "agent", "m3", "Which code is it?"),
        js({"type": "zen:event-type:ticket.comment_added", "subject": "zen:ticket:88",
            "time": "2026-11-23T10:00:12Z", "detail": {"id": "88"}, "event": {"comment": {
                "id": "c1", "body": "looks like an old code", "is_public": False,
                "author": {"id": "5", "is_staff": True, "name": "N"}}}}),
        js({"type": "zen:event-type:ticket.status_changed", "subject": "zen:ticket:88",
            "time": "2026-11-23T10:00:40Z", "event": {"current": "SOLVED", "previous": "OPEN"}}),
    ],
    said=[
        (C, "explicit", "The discount code does nothing"),
        (B, "explicit", "I'll find somebody for you."),
        (A, "explicit", "Which code is it?"),
    ],
    broken=(js({"type": "zen:event-type:messaging_ticket.message_added", "subject": "zen:ticket:88",
                "event": {"message": {"body": "x"}}}), "$.event.message.id"),
)  # fmt: skip


def _intercom(topic: str, at_s: int, **item: Any) -> bytes:
    return js(
        {
            "type": "notification_event", "app_id": "app", "topic": topic, "id": f"notif_{at_s}",
            "created_at": at_s, "delivery_attempts": 1,
            "data": {"type": "notification_event_data", "item": {
                "type": "conversation", "id": "ic-3", "created_at": 1795428000,
                "admin_assignee_id": 814, **item,
            }},
        }
    )  # fmt: skip


def _part(name: str, kind: str, author: str, at_s: int, html: str) -> Any:
    return {"conversation_parts": {"conversation_parts": [
        {"id": name, "part_type": kind, "body": html, "created_at": at_s,
         "author": {"type": author, "id": "9", "name": "N"}},
    ]}}  # fmt: skip


INTERCOM = Sample(
    bodies=[
        _intercom("conversation.user.created", 1795428001, source={
            "id": "src-1", "type": "conversation", "body": "<p>Cancel my plan, <b>please</b></p>",
            "author": {"type": "user", "id": "5"},
        }),
        _intercom("conversation.admin.noted", 1795428010,
                  **_part("p-1", "note", "admin", 1795428010, "<p>offer a month</p>")),
        _intercom("conversation.admin.replied", 1795428020,
                  **_part("p-2", "comment", "admin", 1795428020, "<p>May I ask why?</p>")),
        _intercom("conversation.admin.closed", 1795428060),
    ],
    said=[
        (C, "explicit", "Cancel my plan, please"),
        (A, "explicit", "May I ask why?"),
    ],
    broken=(_intercom("conversation.user.created", 1, source={"id": "s", "body": "x"}),
            "$.data.item.source.author"),
)  # fmt: skip


def _mail(number: int, sender: str, second: int, refers: str, text: str) -> bytes:
    lines = [
        f"From: Somebody <{sender}>", "To: help@shop.example", "Subject: the kettle",
        f"Date: Mon, 23 Nov 2026 10:00:{second:02} +0000", f"Message-ID: <{number}@mail.example>",
        *([f"References: {refers}"] if refers else []),
        "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit", "", text,
    ]  # fmt: skip
    return "\r\n".join(lines).encode()


EMAIL = Sample(
    bodies=[
        _mail(1, "kay@home.example", 1, "", "The kettle leaks.\r\nIt is three weeks old."),
        _mail(2, "omar@shop.example", 30, "<1@mail.example>",
              "We'll send a new one.\r\n\r\nOn Mon, 23 Nov 2026 at 10:00, Somebody"
              " <kay@home.example> wrote:\r\n> The kettle leaks.\r\n> It is three weeks old.\r\n"),
        _mail(3, "kay@home.example", 50, "<1@mail.example> <2@mail.example>", "Thank you!"),
    ],
    said=[
        (C, "unknown", "The kettle leaks.\nIt is three weeks old."),
        (A, "label", "We'll send a new one."),
        (C, "unknown", "Thank you!"),
    ],
    broken=(b"From: a@b.example\r\nSubject: x\r\n\r\nno id", "Message-ID"),
    query="?roles=shop.example:agent",
    over=False,
)  # fmt: skip

SAMPLES = {
    "twilio": TWILIO,
    "genesys": GENESYS,
    "contact-lens": CONTACT_LENS,
    "lca": LCA,
    "transcribe": TRANSCRIBE,
    "deepgram": DEEPGRAM,
    "assemblyai": ASSEMBLYAI,
    "azure": AZURE,
    "agentassist": AGENTASSIST,
    "twilio-conversations": TWILIO_CONVERSATIONS,
    "chatwoot": CHATWOOT,
    "zendesk": ZENDESK,
    "intercom": INTERCOM,
    "email": EMAIL,
}
