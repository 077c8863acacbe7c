/**
 * Small changes of a program's text that change what it does: a statement left out, a condition the other way
 * round, a bound off by one. A test should notice each.
 *
 * @module
 */

import ts from "typescript";
import { linesWithReason } from "../coverage/reasons.ts";

/** One change: the text from `start` to `end` becomes `text`. */
export interface Change {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** The line that it is on, counted from 1. */
  readonly line: number;
  /** What it replaces, on one line. */
  readonly was: string;
  /** The text of the line. */
  readonly lineText: string;
  /** How many changes of the same text the line has before this one. */
  readonly nth: number;
  /**
   * The constant of the module whose value it is a part of, or variables: that whose default it is, that which it
   * assigns to, or those that it moves a bound between.
   */
  readonly names: readonly string[];
}

const OPPOSITES = new Map<ts.SyntaxKind, string>([
  [ts.SyntaxKind.EqualsEqualsEqualsToken, "!=="],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, "==="],
  [ts.SyntaxKind.LessThanToken, "<="],
  [ts.SyntaxKind.LessThanEqualsToken, "<"],
  [ts.SyntaxKind.GreaterThanToken, ">="],
  [ts.SyntaxKind.GreaterThanEqualsToken, ">"],
  [ts.SyntaxKind.AmpersandAmpersandToken, "||"],
  [ts.SyntaxKind.BarBarToken, "&&"],
  [ts.SyntaxKind.PlusToken, "-"],
  [ts.SyntaxKind.MinusToken, "+"],
  [ts.SyntaxKind.BarToken, "&"],
  [ts.SyntaxKind.AmpersandToken, "|"],
  [ts.SyntaxKind.QuestionQuestionToken, "&&"],
]);

/** List all changes of a file. */
export function changesOf(file: string, text: string): Change[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const lines = text.split("\n");
  const unreachable = linesWithReason(text);
  const changes: Change[] = [];
  const add = (node: ts.Node, replacement: string): void => {
    const [start, end] = [node.getStart(source), node.getEnd()];
    const was = text.slice(start, end).replace(/\s+/g, " ");
    const line = source.getLineAndCharacterOfPosition(start).line + 1;
    if (unreachable.has(line)) return;
    const lineText = lines[line - 1]?.trim() ?? "";
    const names = [constantOf(node), defaultOf(node), assignedBy(node), ...comparedBy(node)].filter(
      isText,
    );
    const nth = changes.filter((it) => it.line === line && it.was === was).length;
    changes.push({ file, start, end, text: replacement, line, was, lineText, nth, names });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isImportDeclaration(node)) {
      return;
    }
    if (isMessage(node)) return;
    changeNode(node, add);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return changes;
}

/** The constant at the top of a module that a node is a part of. */
function constantOf(node: ts.Node): string | undefined {
  for (let it = node; !ts.isSourceFile(it); it = it.parent) {
    if (ts.isFunctionLike(it) || ts.isClassLike(it)) return undefined;
    if (ts.isVariableDeclaration(it)) return it.name.getText();
  }
  return undefined;
}

/** The option that a node is the default of, where options are taken apart. */
function defaultOf({ parent }: ts.Node): string | undefined {
  return ts.isBindingElement(parent) ? parent.name.getText() : undefined;
}

/** The variable that the statement around a node, or the node itself, assigns to. */
function assignedBy(node: ts.Node): string | undefined {
  for (let it = node; !ts.isSourceFile(it) && !ts.isBlock(it); it = it.parent) {
    if (ts.isExpressionStatement(it)) return targetOf(it.expression);
  }
  return undefined;
}

function targetOf(expression: ts.Expression): string | undefined {
  if (ts.isPostfixUnaryExpression(expression)) return expression.operand.getText();
  const isAssignment = ts.isBinaryExpression(expression) &&
    expression.operatorToken.kind >= ts.SyntaxKind.FirstAssignment &&
    expression.operatorToken.kind <= ts.SyntaxKind.LastAssignment;
  return isAssignment ? expression.left.getText() : undefined;
}

/** The variables on both sides of an operator that moves a bound. */
function comparedBy(operator: ts.Node): string[] {
  const { parent } = operator;
  if (!RELATIONS.has(operator.kind) || !ts.isBinaryExpression(parent)) return [];
  return [parent.left, parent.right].filter(ts.isIdentifier).map(({ text }) => text);
}

function isText(it: string | undefined): it is string {
  return it !== undefined;
}

/** The words of exceptions and the strings of docs are no behaviour that a test should repeat. */
function isMessage(node: ts.Node): boolean {
  return ts.isNewExpression(node) && /Error|Deno\.errors/.test(node.expression.getText());
}

type Add = (node: ts.Node, replacement: string) => void;

function changeNode(node: ts.Node, add: Add): void {
  if (ts.isExpressionStatement(node) && !isSuper(node)) add(node, ";");
  else if (ts.isIfStatement(node) || ts.isWhileStatement(node)) {
    const { expression } = node;
    add(expression, ts.isIfStatement(node) ? `!(${expression.getText()})` : "false");
  } else if (ts.isConditionalExpression(node)) {
    add(node.condition, `!(${node.condition.getText()})`);
  } else if (ts.isBinaryExpression(node)) {
    const opposite = OPPOSITES.get(node.operatorToken.kind);
    if (opposite !== undefined && !isTextual(node)) add(node.operatorToken, opposite);
  } else if (ts.isReturnStatement(node) && node.expression === undefined) add(node, ";");
  else if (ts.isBreakOrContinueStatement(node) || ts.isThrowStatement(node)) add(node, ";");
  else if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
    add(node, node.operand.getText());
  } else if (node.kind === ts.SyntaxKind.TrueKeyword && !isLoopForEver(node)) add(node, "false");
  else if (node.kind === ts.SyntaxKind.FalseKeyword) add(node, "true");
  else if (ts.isNumericLiteral(node) && !ts.isPropertyAssignment(node.parent)) {
    // More memory than is needed is no fault.
    if (!isForCompiler(node) && !isSentinel(node) && !isBound(node) && !isNoWait(node)) {
      add(node, `(${node.getText()} ${isSize(node) ? "-" : "+"} 1)`);
    }
  }
}

function isSuper({ expression }: ts.ExpressionStatement): boolean {
  return ts.isCallExpression(expression) &&
    expression.expression.kind === ts.SyntaxKind.SuperKeyword;
}

/** The size of new memory. */
function isSize({ parent }: ts.Node): boolean {
  return ts.isNewExpression(parent) && /(?:Array|ArrayBuffer)$/.test(parent.expression.getText());
}

/** What an element is if there is none, where there always is one: the compiler wants to have it said. */
function isForCompiler({ parent }: ts.Node): boolean {
  if (!isEither(parent)) return false;
  const { left } = parent;
  return ts.isElementAccessExpression(isEither(left) ? left.right : left);
}

function isEither(node: ts.Node): node is ts.BinaryExpression {
  return ts.isBinaryExpression(node) &&
    node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken;
}

/** The 1 of `-1` where it stands for none: every other negative number does as well. */
function isSentinel({ parent }: ts.Node): boolean {
  if (!ts.isPrefixUnaryExpression(parent) || parent.getText() !== "-1") return false;
  const use = parent.parent;
  return !(ts.isCallExpression(use) && /\.(?:at|slice|subarray)$/.test(use.expression.getText()));
}

/** The time limit of a poll(2) or epoll_wait(2) that does not wait: with one more it waits a millisecond. */
function isNoWait(node: ts.Node): boolean {
  const { parent } = node;
  if (node.getText() !== "0" || !ts.isCallExpression(parent)) return false;
  const name = parent.expression.getText();
  return (name === "poll" && parent.arguments[2] === node) ||
    (name === "epoll_wait" && parent.arguments[3] === node);
}

/** A bound that the operator beside it moves: `< 1` is `<= 0`, and would be counted twice. */
function isBound({ parent }: ts.Node): boolean {
  return ts.isBinaryExpression(parent) && RELATIONS.has(parent.operatorToken.kind);
}

const RELATIONS: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.LessThanToken,
  ts.SyntaxKind.LessThanEqualsToken,
  ts.SyntaxKind.GreaterThanToken,
  ts.SyntaxKind.GreaterThanEqualsToken,
]);

function isTextual(node: ts.BinaryExpression): boolean {
  return [node.left, node.right].some((it) =>
    ts.isStringLiteral(it) || ts.isTemplateExpression(it) || ts.isNoSubstitutionTemplateLiteral(it)
  ) && node.operatorToken.kind === ts.SyntaxKind.PlusToken;
}

function isLoopForEver({ parent }: ts.Node): boolean {
  return ts.isWhileStatement(parent);
}

/** Make a change. */
export function apply(text: string, { start, end, text: replacement }: Change): string {
  return text.slice(0, start) + replacement + text.slice(end);
}
