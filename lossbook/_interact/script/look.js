
// --- What is shown; the colours are those of the page, whatever page it is

const CSS = `:host{display:block;margin:1.2em 0;line-height:1.4;font-variant-numeric:tabular-nums;
--a:#2b4fc7;--g:#1a7f4b;--l:color-mix(in srgb,currentColor 50%,transparent);
--bg:var(--lb-background,var(--jp-layout-color0,var(--vscode-editor-background,Canvas)))}
:host([dark]){--a:#93b1ff;--g:#6fd6a0;color-scheme:dark}
*{box-sizing:border-box}
[hidden]{display:none!important}
.bar{display:flex;flex-wrap:wrap;gap:.5em 1em;align-items:center;margin:.6em 0}
label{flex:1 1 auto;font-size:.85em;max-width:100%}
select,input,button{font:inherit;font-variant-numeric:inherit;color:inherit;background:var(--bg);
border:1px solid var(--l);border-radius:.3em;min-height:2em;padding:.1em .4em}
select,label input{display:block;width:100%}
button{cursor:pointer;padding:.1em .7em}
:focus-visible{outline:.15em solid var(--a);outline-offset:.1em}
.hero{display:flex;flex-wrap:wrap;gap:0 1em;
align-items:end;padding:.4em .8em;border-left:.3em solid var(--a);border-radius:0 .4em .4em 0;
background:color-mix(in srgb,var(--a) 11%,var(--bg))}
output strong{display:block;font-size:2.2em;line-height:1.15}
output.no strong{font-size:1.1em}
output{flex:1 0 auto}#by{flex:1 1 6em;text-align:right}
small,td::before{display:block;font-size:.8em;font-weight:400;opacity:.85}
.box{overflow-x:auto}
table{border-collapse:collapse;width:100%;margin:.4em 0}
caption,:host([narrow]) thead{position:absolute;clip-path:inset(50%)}
th,td{padding:.3em .4em;text-align:left;vertical-align:top;border-bottom:1px solid var(--l)}
th{white-space:nowrap}thead th{font-size:.85em;vertical-align:bottom}
.n{text-align:right}
input{width:5em;max-width:100%}
input[aria-invalid=true]{outline:.15em dashed #d33}
[aria-pressed=true]{border-color:var(--a);font-weight:650}
[aria-pressed=false]{border-style:dashed}
.off{background:repeating-linear-gradient(135deg,transparent 0 .5em,
color-mix(in srgb,currentColor 13%,transparent) .5em .57em)}
.c::after{content:"";display:block;height:.25em;margin-left:auto;background:var(--g);
width:calc(var(--w,0)*100%)}
li{overflow-wrap:anywhere}ul,ol{padding-left:1.6em}
#who button{margin:.2em .4em .2em 0}#was:not(:empty)::before{content:"before "}
a{color:var(--a)}
figure{flex:1 0 100%;margin:.3em 0 0}
figcaption{font-size:.8em}
[role=img]{position:relative;padding-top:1.1em;--s:repeating-linear-gradient(135deg,
transparent 0 .3em,color-mix(in srgb,currentColor 45%,transparent) .3em .36em)}
[role=img]::before{content:"coefficients";position:absolute;top:0;font-size:.75em}
[role=img]::after{content:"1";position:absolute;top:0;bottom:0;left:calc(var(--one)*100%);
padding-right:.3em;border-right:.15em solid;transform:translateX(-100%);font-size:.75em}
.rail,.areas{position:relative;height:1.4em;margin-bottom:.15em}
.areas{height:3.5em;border-bottom:1px solid var(--l)}
i{position:absolute;bottom:0;left:calc(var(--x)*100%);width:calc(var(--w)*100%);height:100%;
font:.75em/1.9 system-ui,sans-serif;text-align:center;overflow:hidden;white-space:nowrap}
.piece{background:var(--a);color:var(--bg);border-right:1px solid var(--bg)}
.hole{background:var(--s);border:1px dashed}
.area{height:calc(var(--h)*100%);background:var(--g);border-right:1px solid var(--bg)}
.minus{background:var(--s);color:inherit;border:1px solid}
.over{border-top:.3em solid #d9731a;background:#d9731a55}
.level{height:calc(var(--h)*100%);border-top:.2em dashed #d9731a}
.areas::before{content:attr(data-loss);position:absolute;z-index:1;padding:0 .3em;font-size:.8em;
right:calc((1 - var(--one))*100% + .4em);bottom:calc(min(var(--h),.6)*100% + .2em);
background:var(--bg);border-radius:.2em}
@media(min-height:30em){.hero{position:sticky;top:var(--ledger-top,0);z-index:2}}
@media(prefers-reduced-motion:no-preference){i{transition:left .3s,width .3s,height .3s}}
:host([narrow]) :is(table,tbody,tfoot){display:block}
:host([narrow]) tr{display:grid;grid-template-columns:repeat(var(--n),1fr);gap:.5em;
padding:.6em .3em;border-bottom:1px solid var(--l)}
:host([narrow]) :is(th,td){border:0;padding:0;text-align:left}
:host([narrow]) tbody th{grid-column:span 2}:host([narrow]) .m{grid-column:3/-1}
:host([narrow]) label{flex-basis:40%}
:host([narrow]) td::before{content:attr(data-l)}
:host([narrow]) .m::before{display:inline;margin-right:.5em}
:host([narrow]) .c::after{margin:0}`;

const HTML = `<style>${CSS}</style><div class="bar"><label>Rule<select id="rule"></select></label>
<label>Reduction<select id="reduction"></select></label>
<label>Class axis<select id="axis"><option>mean<option>sum</select></label>
<label>Weights<select id="shape"></select></label></div>
<div class="hero"><output id="scalar" aria-live="polite"></output><div id="was"></div>
<div id="by"></div>
<figure></figure></div>
<div class="box"><table role="table"></table></div><ul></ul><p id="said" role="status"></p>
<div class="bar"><label>Which rule printed my number? Type it: <input id="saw" inputmode="decimal"
autocomplete="off"></label></div><ol id="who" aria-live="polite"></ol>
<div class="bar"><a id="link">Link to these numbers</a><button id="copy">Copy the link</button>
<button id="again">Start again</button>
<label><span id="axes"></span><input id="size"></label></div>`;
