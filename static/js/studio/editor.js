// The writing page: the textarea of its form becomes an editor that saves by itself. Others reach the text through the
// port: `const port = await ready;`.

import {
  Compartment,
  EditorState,
  EditorView,
  Prec,
  defaultKeymap,
  history,
  historyKeymap,
  keymap,
  placeholder,
} from "codemirror";

import { back, csrf } from "parts/session";
import { cards } from "studio/cards";
import * as commands from "studio/commands";
import { keepConflict, offerDrafts } from "studio/conflict";
import { Counts } from "studio/counts";
import { open } from "studio/drafts";
import { Finder, finding } from "studio/finding";
import { floating } from "studio/floating";
import { highlighting } from "studio/highlight";
import { Lock } from "studio/locks";
import { follow as followNames } from "studio/names";
import { portOf } from "studio/port";
import { Saver } from "studio/saving";
import { dress } from "studio/settings";
import { Status } from "studio/status";
import { tab } from "studio/tab";
import { Typing } from "studio/typing";
import { Sender } from "sync/sender";

const WITHOUT_DRAFTS_MS = 2000;
let opened;
export const ready = new Promise((resolve) => { opened = resolve; });

export default async function attach(form) {
  const { chapter, path, etag, device } = form.dataset;
  const name = await tab;
  const sender = new Sender({ headers: () => ({ "X-CSRFToken": csrf() }) });
  const status = new Status(form);
  const typing = new Typing();
  const lock = new Lock({ sender, path: `${path}lock/`, tab: name, device });
  const drafts = await open(document.body.dataset.user).catch(() => null);
  const title = form.elements.title.value.trim();
  const session = { form, sender, status, typing, lock, drafts, name, title, names: {}, composed: null };
  const view = build(session);
  session.view = view;
  const saver = new Saver({
    sender,
    path,
    etag,
    read: () => view.state.doc.toString(),
    busy: () => view.composing,
    renew: back,
    stamp: () => stamped(session),
    longest: drafts ? undefined : WITHOUT_DRAFTS_MS,
  });
  session.saver = saver;
  session.counts = new Counts(view.state.doc, {
    words: Number(form.dataset.savedWords),
    busy: () => view.composing,
    tell: (words) => status.words(words),
  });
  session.port = portOf(session);
  listen(session);
  drafts?.begin({ chapter, tab: name, revision: Number(form.dataset.revision), base: view.state.doc.toString(), read: saver.read });
  if (!drafts) status.banner("no-device");
  navigator.storage?.persist?.();
  dress(form);
  commands.attach(session);
  followNames(session);
  if (form.dataset.readonly === undefined) await begin(session);
  opened(session.port);
}

// The chapter's lock, then what an earlier tab could not send.
async function begin(session) {
  writable(session, await session.lock.take());
  if (session.drafts) await offerDrafts(session);
}

function build(session) {
  const { form } = session;
  const area = form.elements.content;
  session.writable = new Compartment();
  const reads = form.dataset.readonly !== undefined;
  const state = EditorState.create({
    doc: area.value,
    extensions: [
      EditorView.cspNonce.of(document.querySelector("script[nonce]").nonce),
      history(),
      Prec.highest(keymap.of(commands.keys(session))),
      keymap.of([...historyKeymap, ...defaultKeymap]),
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ "aria-label": area.dataset.label, lang: form.dataset.language, spellcheck: "false" }),
      placeholder(area.placeholder),
      session.writable.of(access(reads)),
      highlighting(session.names),
      finding,
      cards(session),
      floating(session),
      EditorView.updateListener.of((update) => updated(session, update)),
    ],
  });
  const place = form.querySelector("[data-editor]");
  const view = new EditorView({ state, parent: place });
  area.hidden = true;
  place.hidden = false;
  form.classList.add("write-live");
  session.finder = new Finder(view, form.querySelector("[data-finder]"));
  return view;
}

const access = (reads) => [EditorState.readOnly.of(reads), EditorView.editable.of(!reads)];

export function writable(session, may) {
  session.view.dispatch({ effects: session.writable.reconfigure(access(!may)) });
  session.form.classList.toggle("write-reads", !may);
}

// Nothing here looks at the whole text: a key in a chapter of a megabyte costs what it costs in a short one.
function updated(session, update) {
  if (!update.docChanged || !session.saver) return;
  session.drafts?.log(update.changes);
  session.saver.touch();
  session.counts.note(update);
  session.typing.note(update);
  if (update.view.composing) {
    session.composed ??= { before: update.startState.doc, changes: null };
    session.composed.changes = session.composed.changes?.compose(update.changes) ?? update.changes;
  }
}

// What a save says besides the text. A changed title travels with it on the same revision, and so does what a panel
// beside the text shows of the chapter.
function stamped(session) {
  const { typing, lock, name, form } = session;
  const facts = { ...typing.take(), tab_id: name, device: form.dataset.device };
  if (lock.fence !== null) facts.fence = lock.fence;
  const title = form.elements.title.value.trim();
  if (title !== session.title) facts.title = title;
  session.title = title;
  return Object.assign(facts, told(form));
}

function told(form) {
  const found = {};
  const { stage, synopsis, target_words: aim } = form.elements;
  if (stage && !stage.disabled) found.stage = stage.value;
  if (synopsis && !synopsis.readOnly) found.synopsis = synopsis.value;
  if (aim && !aim.disabled && aim.checkValidity()) found.target_words = aim.value ? Number(aim.value) : null;
  return found;
}

function listen(session) {
  const { view, saver, drafts, status, lock, form } = session;
  saver.addEventListener("state", ({ detail }) => status.show(detail.state, detail.at));
  saver.addEventListener("saved", ({ detail }) => {
    drafts?.acknowledge(detail);
    form.dataset.revision = detail.revision;
    status.work(detail);
    session.port.saved(detail);
  });
  saver.addEventListener("stopped", ({ detail }) => keepConflict(session, detail));
  drafts?.addEventListener("failed", () => {
    saver.longest = WITHOUT_DRAFTS_MS;
    status.banner("no-device");
  });
  lock.addEventListener("held", ({ detail }) => {
    status.show("read-only");
    status.held(detail);
    writable(session, false);
  });
  lock.addEventListener("free", () => status.banner("free"));
  view.contentDOM.addEventListener("compositionend", () => setTimeout(() => composed(session)));
  view.contentDOM.addEventListener("blur", () => leave(session));
  document.addEventListener("visibilitychange", () => document.hidden && leave(session));
  window.addEventListener("pagehide", () => {
    leave(session);
    lock.leave();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    saver.now("manual").catch(() => {});
  });
  form.elements.title.addEventListener("input", () => saver.touch());
}

function composed(session) {
  if (session.view.composing) return;
  const { composed: done, typing, saver } = session;
  session.composed = null;
  if (done?.changes) typing.composed(done.before, done.changes);
  saver.resume();
}

// The page may go away: to the disk of this device, and to the server.
function leave({ drafts, saver }) {
  drafts?.flush("strict");
  if (!saver.clean) saver.fire();
}
