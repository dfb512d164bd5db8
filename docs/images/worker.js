// Search in a site that is opened from a folder: browsers start no workers there, so the search runs in a hidden frame.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super()
      const frame = document.createElement("iframe")
      frame.hidden = true
      this.frame = new Promise(ready => { frame.onload = () => ready(frame.contentWindow) })
      window.__worker = data => {
        const message = new MessageEvent("message", { data })
        this.dispatchEvent(message)
        if (this.onmessage) this.onmessage(message)
      }
      frame.srcdoc = `<script>window.postMessage = data => parent.__worker(data)<\/script><script src="${url}"><\/script>`
      document.body.append(frame)
    }
    postMessage(data) { this.frame.then(scope => scope.dispatchEvent(new MessageEvent("message", { data }))) }
    terminate() {}
  }
}
