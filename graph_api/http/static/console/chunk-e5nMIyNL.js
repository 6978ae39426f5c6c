var r=class{parts;constructor(t,n=[]){this.parts=/* @__PURE__ */ new Set([t,...n.flatMap(({parts:e})=>[...e])])}toString(){return[...this.parts].join(`
`)}};var s=((a,t)=>new r(a,t));export{s as t};